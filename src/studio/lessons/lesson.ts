import type { ComponentType } from 'react';

/**
 * A lesson: a few steps, read from top to bottom. Each is one idea and something to play with. What is declared here is
 * on the first page, so it is light; the steps are loaded when the lesson is opened.
 */
export interface Lesson {
  /** Its address is `#/lessons/<id>`. */
  readonly id: string;
  readonly title: string;
  /** What the reader will know afterwards, in one or two sentences. */
  readonly summary: string;
  /** How long it takes to read and play. */
  readonly minutes: number;
  steps(): Promise<readonly LessonStep[]>;
}

export interface LessonStep {
  /** Unique within the lesson. */
  readonly id: string;
  readonly title: string;
  /** Paragraphs and the figure. Whatever it computes comes from the engine or from the page, never from a list. */
  readonly Body: ComponentType;
}
