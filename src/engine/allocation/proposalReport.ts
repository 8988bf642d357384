import type { Closeness } from './closeness';
import type { ProposalName } from './promises';

/** A recipe that the page offers when a model is opened. It was run, and what it made was measured. */
export interface Proposal {
  readonly name: ProposalName;
  /** What was promised, as a part of a sentence: "loses at most 1 point of accuracy". */
  readonly promise: string;
  /** Whether the measurement keeps the promise; where not, it is the nearest that was found. */
  readonly keepsPromise: boolean;
  /** What is done, in words: "8 bits for 12 layers, 4 bits for 3 layers". */
  readonly title: string;
  /** The recipe as JSON, checked. */
  readonly recipe: object;
  /** Of the written file. */
  readonly bytes: number;
  /** On samples that took no part in the choice. */
  readonly closeness: Closeness;
}

export interface ProposalReport {
  readonly originalBytes: number;
  /** The name of the data; "generated" for inputs that were made up. */
  readonly data: string;
  readonly generated: boolean;
  /** Samples by which recipes were chosen, and those on which the choice was checked. */
  readonly samples: { readonly search: number; readonly check: number };
  /** As they were found so far: none, some or all of safe, balanced and tiny, in this order. */
  readonly proposals: readonly Proposal[];
  /** How many recipes were compressed and measured. */
  readonly measured: number;
  readonly isDone: boolean;
}
