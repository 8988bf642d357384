import type { Labels } from '../dataset';
import type { Influences, Interval, Transform } from '../intervals';
import type { OutputKind } from '../outputKinds';

/**
 * How the values of a metric are measured against each other, and so how they and their differences are written.
 *
 * - share: 0…1, written as a percentage; a difference is in percentage points
 * - ratio: above 0; a difference is relative
 * - amount: in the metric's unit, as a difference is
 * - cosine: −1…1, where 1 is "the same"; no difference is written, since the values themselves are differences
 * - distance: 0 is "the same"; no difference is written either
 * - decibel: the larger, the closer; no difference is written either
 */
export type Scale = 'share' | 'ratio' | 'amount' | 'cosine' | 'distance' | 'decibel';

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

/** What decides which metrics measure labelled data. */
export interface LabelFacts extends Pick<Labels, 'kind' | 'isNextToken'> {
  /** Answers of the output that the labels belong to. */
  readonly classes: number;
}

/** A metric of one model against labels: it has a value for the original and one for the compressed model. */
export interface LabelMetric extends MetricBase {
  readonly against: 'labels';
  /** Whether data with such labels is measured by it. */
  applies(labels: LabelFacts): boolean;
  /** What is averaged over the rows that have a label. Metrics that share it measure it once. */
  readonly measure: LabelMeasure;
  /** From the average to the value; absent: the average is the value. */
  readonly transform?: Transform;
}

/** `values[start … start + width)` are the numbers of the classes, `label` is the right one. */
type LabelledRow = (values: ArrayLike<number>, start: number, width: number, label: number) => number;

export interface LabelMeasure {
  /** Of a row of logits, or of any row where it is the same for both. */
  readonly ofLogits: LabelledRow;
  /** Of a row that sums to 1, where all rows do. */
  readonly ofProbabilities?: LabelledRow;
}

/** A metric of the compressed model against the original, on any data. */
export interface ClosenessMetric extends MetricBase {
  readonly against: 'original';
  /** The kinds of outputs of which it says something. */
  readonly fits: readonly OutputKind[];
  /** How the values of several outputs become one. */
  readonly overOutputs: 'mean' | 'max';
  /** The value of equal outputs. */
  readonly same: number;
  /** Where it is written. One that is written nowhere qualifies another metric. */
  readonly shown: 'everywhere' | 'command line' | 'nowhere';
  counter(): ClosenessCounter;
  /** Whether its value is no evidence, given the values of all closeness metrics; the one after it then comes first. */
  saysLittle?(closeness: Readonly<Record<string, number>>): boolean;
}

/** Counts one output of both models, sample by sample. */
export interface ClosenessCounter {
  add(pair: OutputPair): void;
  /** The value of equal outputs where nothing was counted; undefined where it cannot be told from so few samples. */
  readonly value: number | undefined;
  /** What each sample contributes to the value; absent where no error can be given. */
  readonly influences?: Influences | undefined;
  /** Of the value, where one output alone is measured. */
  readonly interval?: Interval | undefined;
}

/** One output of both models on one sample. All numbers are finite, but for −∞ that stands in both. */
export interface OutputPair {
  /** The number of the sample. */
  readonly sample: number;
  readonly original: ArrayLike<number>;
  readonly compressed: ArrayLike<number>;
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
