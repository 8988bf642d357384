import type { Estimated } from '../core/estimated';
import type { LineStep } from '../recipe/lines';
import type { Provider } from '../runtime';

/** A method, a variant of it, or a stack of methods, at every level: a line of charts. */
export interface SensitivityLine {
  /** Names it in cells and in recipes of options: "svd", "prune, Wanda", "svd + quantize". */
  readonly key: string;
  readonly title: string;
  /** Names of the methods of its steps. */
  readonly methods: readonly string[];
}

/** A layer of a map, in model order. */
export interface SensitivityLayer {
  readonly id: string;
  readonly name: string;
  readonly op: string;
  /** Of its dense weight, as stored. */
  readonly bytes: number;
  readonly parameters: number;
}

/**
 * One layer at one level of one line, all other layers as they were. `skipped`: why the line has no such level for the
 * layer.
 */
export interface SensitivityCell {
  readonly layer: string;
  readonly line: string;
  /** Share of the layer's dense bytes that was allowed. */
  readonly level: number;
  /** The steps that make it. Absent where it is skipped. */
  readonly steps?: readonly LineStep[];
  /** Stored bytes, scales and indices included. */
  readonly bytes?: number;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ where data tell, ‖W−Ŵ‖/‖W‖ otherwise. It orders the work, and nothing is chosen by it. */
  readonly estimatedError?: number;
  /** How far the model's answer moves from the original's, by the report's measure. Absent until it is measured. */
  readonly damage?: Estimated;
  /** How much the report's metric loses against labels, paired by sample; negative where it gains. */
  readonly loss?: Estimated;
  readonly skipped?: string;
}

/** A part that adds to its own input, y = x + f(x), without its f, all else as it was. */
export interface SensitivityBlock {
  readonly name: string;
  readonly kind: 'attention' | 'MLP' | 'convolutions';
  /** Ids of its layers. */
  readonly layers: readonly string[];
  /** Stored bytes of its layers. */
  readonly bytes: number;
  /** 1 − the mean cosine of x and y (block influence). It only says how much the part changes. */
  readonly influence?: number;
  readonly damage?: Estimated;
  readonly loss?: Estimated;
}

/** What the answer of a model loses when single layers are compressed. Measured on the user's data, or on generated inputs. */
export interface SensitivityReport {
  /** SHA-256 of the original. */
  readonly model: string;
  readonly data: string;
  readonly generated: boolean;
  readonly samples: number;
  readonly samplesOf?: number;
  readonly provider: Provider;
  /** The name of the closeness metric of `damage`: "kl", or a distance that fits the output. 0 is "the same". */
  readonly measure: string;
  /** The name of the label metric of `loss`; absent where there are no labels. */
  readonly metric?: string;
  readonly layers: readonly SensitivityLayer[];
  readonly lines: readonly SensitivityLine[];
  /** Shares of the dense bytes, the largest first. */
  readonly levels: readonly number[];
  readonly cells: readonly SensitivityCell[];
  /** Parts that add to their own input and may be left out as a whole; empty where the graph shows none. */
  readonly blocks: readonly SensitivityBlock[];
  /** Evaluations of the model so far, and those that are still to be made. */
  readonly measured: number;
  readonly open: number;
}

export interface SensitivityRequest {
  /** Keys of lines; absent: the lines that this data allows. */
  readonly lines?: readonly string[];
  /** Shares of the dense bytes. */
  readonly levels?: readonly number[];
  /** Ids; absent: all layers that can be compressed. */
  readonly layers?: readonly string[];
  /** At most so many samples; absent: as many as the differences need to stand out. */
  readonly samples?: number;
}

/** What was measured of a model, to go on with it: its cells hold for these samples alone. */
export interface KeptSensitivity {
  /** Names the samples by their hashes, and what they were run with. */
  readonly key: string;
  readonly request: SensitivityRequest;
  readonly report: SensitivityReport;
  /** Those of the report, and those of earlier requests. */
  readonly cells: readonly SensitivityCell[];
}
