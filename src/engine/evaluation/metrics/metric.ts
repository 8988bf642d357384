import type { Labels } from '../dataset';

/**
 * How the values of a metric are measured against each other, and so how they and their differences are written.
 *
 * - share: 0…1, written as a percentage; a difference is in percentage points
 * - ratio: above 0; a difference is relative
 * - cosine: −1…1, where 1 is "the same"; no difference is written, since the values themselves are differences
 * - distance: 0 is "the same"; no difference is written either
 */
export type Scale = 'share' | 'ratio' | 'cosine' | 'distance';

interface MetricBase {
  /** The key in reports. */
  readonly name: string;
  /** The name of its row: "agreement". */
  readonly title: string;
  /** The name where it stands alone: "agreement with the original". */
  readonly fullTitle: string;
  /** What the figure is, in sentences. */
  readonly note: string;
  readonly unit?: string;
  readonly scale: Scale;
  readonly better: 'higher' | 'lower';
  /** A loss of at most this, on the metric's scale, leaves a model that works about as well as before. */
  readonly smallLoss: number;
}

/** A metric of one model against labels: it has a value for the original and one for the compressed model. */
export interface LabelMetric extends MetricBase {
  readonly against: 'labels';
  /** Whether data with such labels is measured by it. */
  applies(labels: Pick<Labels, 'kind'>): boolean;
  counter(): LabelCounter;
  /** The standard error of a value over so many samples: smaller differences are neither better nor worse. */
  standardError?(value: number, samples: number): number;
}

/** Counts the rows of one output, batch by batch. */
export interface LabelCounter {
  /** `values[start … start + width)` are the numbers of the classes, `label` is the right one. */
  count(values: ArrayLike<number>, start: number, width: number, label: number): void;
  /** NaN where no row was counted. */
  readonly value: number;
}

/** A metric of the compressed model against the original, on any data. */
export interface ClosenessMetric extends MetricBase {
  readonly against: 'original';
  /** How the values of several outputs become one. */
  readonly overOutputs: 'mean' | 'max';
  /** Where it is written. One that is written nowhere qualifies another metric. */
  readonly shown: 'everywhere' | 'command line' | 'nowhere';
  counter(): ClosenessCounter;
  /** Whether its value is no evidence, given the values of all closeness metrics; the one after it then comes first. */
  saysLittle?(closeness: Readonly<Record<string, number>>): boolean;
}

/** Counts one output of both models, batch by batch. */
export interface ClosenessCounter {
  add(pair: OutputPair): void;
  /** The value of equal outputs where nothing was counted. */
  readonly value: number;
}

/** One output of both models on the same samples. All numbers are finite, but for −∞ that stands in both. */
export interface OutputPair {
  readonly original: ArrayLike<number>;
  readonly compressed: ArrayLike<number>;
  /** How many numbers count: copies that fill up a fixed batch do not. */
  readonly length: number;
  /** The numbers as rows of choices. */
  readonly choices: Choices;
}

/** Rows along the last axis, each a choice between `width` answers. */
export interface Choices {
  readonly rows: number;
  readonly width: number;
  /** Rows of both models, where they are read as logits. */
  readonly logits: readonly [original: ArrayLike<number>, compressed: ArrayLike<number>];
  /** The same, where they are read as probabilities. Rows of one number differ: the other answer is 0 or 1 − p. */
  readonly probabilities: readonly [original: ArrayLike<number>, compressed: ArrayLike<number>];
}

export type Metric = LabelMetric | ClosenessMetric;
