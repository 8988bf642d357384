import type { Provider } from '../runtime';

/** Original and compressed on the same data. Also what `carrara evaluate --json` prints. */
export interface EvaluateReport {
  /**
   * The name of the first metric that applies to the labels; without labels "fidelity", the agreement of both models.
   */
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** Other metrics that apply to the labels, by name; absent where there are none. */
  readonly others?: Readonly<Record<string, { readonly before: number; readonly after: number }>>;
  readonly fidelity: FidelityReport;
  /**
   * The same values for the original compared with itself, run twice on the first batch. Absent where both answers were
   * equal. No compressed model can be closer than this.
   */
  readonly itself?: FidelityReport;
  /** Nodes that draw at random, in either model; absent where there are none. */
  readonly random?: readonly { readonly op: string; readonly name: string }[];
  /** Samples per run, of the latency figures too. */
  readonly batch: number;
  readonly latencyMs: { readonly before: LatencyReport; readonly after: LatencyReport };
  readonly samples: number;
  /** How many samples the data holds, where only some of them were used. */
  readonly samplesOf?: number;
  /** Generated inputs, labelled or unlabelled data: "generated" | file name. */
  readonly data: string;
  /** Of generated inputs: the shape of each in a run of one sample, or of the number that the model fixes. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly provider: Provider;
  /** Samples of the interleaved timing, in ms, for the histogram. */
  readonly timings: { readonly before: readonly number[]; readonly after: readonly number[] };
}

/** The values of the metrics against the original, by name: agreement, majority, kl, cosine, maxAbsolute. */
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
