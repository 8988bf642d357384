export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'warning' | 'info';
  /** One sentence. */
  readonly text: string;
  /** Something succeeded after this error: it closes as soon as nobody reads it. */
  readonly past?: true;
}

export interface NoticeSlice {
  /** Oldest first. */
  readonly notices: readonly Notice[];
  notify(tone: Notice['tone'], text: string): void;
  dismiss(id: number): void;
  /** Marks the errors up to this notice as past. */
  clearErrorsBefore(last: number): void;
}
