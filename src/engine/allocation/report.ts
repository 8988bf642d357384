import type { Estimated } from '../core/estimated';

/** What a search is asked for: limits, and what to make as small as possible within them. */
export interface Goal {
  /** Of the written file: bytes, or a share of the original's. */
  readonly maxBytes?: number;
  readonly maxSize?: number;
  /**
   * The most that may be lost: a share (.01: one point) of the metric against labels, or without labels of the agreement
   * with the original.
   */
  readonly maxLoss?: number;
  /** Share of the original's latency on this machine. */
  readonly maxLatency?: number;
  readonly minimise: 'size' | 'loss' | 'latency';
}

export interface SearchSettings {
  /** Names of methods that may be used; absent: all. */
  readonly methods?: readonly string[];
  /** Ends by itself after so long; absent: when nothing better is found. */
  readonly minutes?: number;
  readonly seed?: number;
}

/** A complete recipe with what it gives: a dot of the chart of size against loss. */
export interface SearchPoint {
  readonly id: number;
  /** Where it came from: one setting for all layers, the knapsack over measured sensitivities, or swaps. */
  readonly from: 'uniform' | 'knapsack' | 'swaps';
  /** In a word or two: "4 bits for all layers", "mixed: 12 × 4 bits, 3 × rank". */
  readonly title: string;
  /** The recipe as JSON, checked. */
  readonly recipe: object;
  /** Of the written file, nodes and metadata included. */
  readonly bytes: number;
  /** By the report's measure, on the samples of the search. */
  readonly damage: Estimated;
  /** Loss of the metric, as `Goal.maxLoss` counts it, on the samples of the search. */
  readonly loss: Estimated;
  /** The same on samples that the search never saw; absent until it is checked. */
  readonly checked?: { readonly damage: Estimated; readonly loss: Estimated };
  /** Share of the original's latency: measured, and only where the goal asks for it. */
  readonly latency?: number;
  /** Whether it keeps all limits, within the confidence interval. */
  readonly meetsGoal: boolean;
  /** No other point is both smaller and better. */
  readonly onFront: boolean;
}

export interface SearchReport {
  readonly goal: Goal;
  readonly originalBytes: number;
  /** The value of the metric for the original on the samples of the search: 1 without labels. */
  readonly original: number;
  /** The closeness metric of `damage`, and the metric of `loss`: "top1", or "agreement" without labels. */
  readonly measure: string;
  readonly metric: string;
  readonly labelled: boolean;
  readonly data: string;
  readonly generated: boolean;
  /** Samples that the search looks at, and those that are kept apart to check what it found. */
  readonly samples: { readonly search: number; readonly check: number };
  readonly points: readonly SearchPoint[];
  /** The id of the best point that meets the goal; absent while there is none. */
  readonly best?: number;
  /** Where the goal seems out of reach: why, and the id of the nearest point. */
  readonly outOfReach?: { readonly reason: string; readonly nearest?: number };
  readonly stage: 'measuring' | 'searching' | 'checking' | 'done';
  readonly evaluations: number;
}
