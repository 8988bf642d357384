import type { Provider } from '../runtime';
import type { Difference, Interval } from './intervals';
import type { OutputKind } from './outputKinds';

/** What an output is taken for, or that it is left out of the comparison. */
export type ChosenKind = OutputKind | 'none';

/** Original and compressed on the same data. Also what `carrara evaluate --json` prints. */
export interface EvaluateReport {
  /**
   * The name of the first metric that applies to the labels; without labels "fidelity": the first metric against the
   * original that fits the outputs.
   */
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** Other metrics that apply to the labels, by name; absent where there are none. */
  readonly others?: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
  readonly fidelity: FidelityReport;
  /**
   * Confidence intervals of the values, and of the differences between both models, paired by sample. By the names of
   * metrics; absent for metrics that have none, and where there was one sample.
   */
  readonly uncertainty?: Readonly<Record<string, Uncertainty>>;
  /** What each output was taken for, and how close it alone is. */
  readonly outputs?: readonly ComparedOutput[];
  /** Of labels [n], where there are few enough classes. */
  readonly perClass?: readonly ClassScore[];
  /**
   * The same values for the original compared with itself, run twice on the first batch. Absent where both answers were
   * equal. No compressed model can be closer than this.
   */
  readonly itself?: FidelityReport;
  /** Nodes that draw at random, in either model; absent where there are none. */
  readonly random?: readonly { readonly op: string; readonly name: string }[];
  /** Samples per run, of the latency figures too. */
  readonly batch: number;
  /** Absent where it was not asked for, or is not measured yet. */
  readonly latencyMs?: { readonly before: LatencyReport; readonly after: LatencyReport };
  readonly samples: number;
  /** How many samples the data holds, where only some of them were used. */
  readonly samplesOf?: number;
  /** Generated inputs, labelled or unlabelled data: "generated" | file name. */
  readonly data: string;
  /** Of generated inputs: the shape of each in a run of one sample, or of the number that the model fixes. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly provider: Provider;
  /** Samples of the timing, in ms, for the histogram; there where `latencyMs` is. */
  readonly timings?: { readonly before: readonly number[]; readonly after: readonly number[] };
}

/** Of one metric. */
export interface Uncertainty {
  /** Of the original's value; absent for metrics against the original. */
  readonly before?: Interval;
  readonly after?: Interval;
  /** How much larger the compressed model's value is, on the metric's scale; absent for metrics against the original. */
  readonly difference?: Difference;
}

/** A floating-point output of both models. */
export interface ComparedOutput {
  readonly name: string;
  readonly kind: ChosenKind;
  /** Whether it counts in the figures of the model. */
  readonly counts: boolean;
  readonly fidelity: FidelityReport;
}

/** What became of the samples of one class. */
export interface ClassScore {
  readonly class: number;
  readonly samples: number;
  /** Samples that the original and the compressed model got right. */
  readonly before: number;
  readonly after: number;
  /** Samples that only the original got right, and that only the compressed model got right. */
  readonly lost: number;
  readonly gained: number;
}

/** The original by itself, before anything is compressed. */
export interface OriginalReport {
  /** Values of the metrics that apply to the labels, by name, the first one first; empty without labels. */
  readonly values: Readonly<Record<string, number>>;
  readonly intervals: Readonly<Record<string, Interval>>;
  /** What each floating-point output is taken for. */
  readonly outputs: readonly { readonly name: string; readonly kind: ChosenKind }[];
  readonly samples: number;
  readonly samplesOf?: number;
  readonly data: string;
  readonly provider: Provider;
}

/** The values of the metrics against the original that fit the outputs, by name: agreement, kl, relativeError, cosine, … */
export type FidelityReport = Readonly<Record<string, number>>;

export interface LatencyReport {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/** What a data set is, for the page. */
export interface DataReport {
  readonly name: string;
  readonly samples: number;
  readonly labelled: boolean;
  /** Generated from the declared types and shapes, for want of data. */
  readonly generated: boolean;
  /** Of generated data: the shape of each input in a run of one sample, or of the number that the model fixes. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** [n] class ids, [n, t] per position, or none. */
  readonly labels?: 'class' | 'position';
  /** Other data, which methods that need some look at; absent: a share of this data is kept apart for them. */
  readonly calibration?: { readonly name: string; readonly samples: number };
}
