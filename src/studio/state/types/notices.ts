export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'warning' | 'info';
  /** One sentence. */
  readonly text: string;
  /** The user has gone on with success since: it goes, as soon as nobody reads it. */
  readonly past?: true;
}

export interface NoticeSlice {
  readonly notices: readonly Notice[];
  notify(tone: Notice['tone'], text: string): void;
  dismiss(id: number): void;
  /** Marks the errors up to this notice as past. */
  goOn(last: number): void;
}
