/** What truncating a layer costs at every rank: with it sliders are exact without asking the engine. */
export type LayerSpectrum = MatrixSpectrum | TuckerSpectrum;

export interface MatrixSpectrum {
  readonly kind: 'matrix';
  readonly id: string;
  /** Singular values, falling. */
  readonly values: Float64Array;
  /** e^S, with the entropy S of σ²/Σσ²: about how many directions carry the weight. */
  readonly effectiveRank: number;
}

export interface TuckerSpectrum {
  readonly kind: 'tucker';
  readonly id: string;
  /** Singular values of the two unfoldings: by output channel and by input channel. */
  readonly outValues: Float64Array;
  readonly inValues: Float64Array;
  /** [out+1, in+1]: energy of the leading (rOut, rIn) block of the core; the last entry is ‖W‖². */
  readonly energy: Float64Array;
  /** Of the side, outputs or inputs, where it is the smaller share of the channels. */
  readonly effectiveRank: number;
}

/** What cutting a train between two sites costs, for every cut: its Schmidt spectra before any truncation. */
export interface TrainSpectrum {
  readonly kind: 'train';
  readonly id: string;
  /** The factors of outputs and inputs. A side that they exceed is padded with zeros. */
  readonly sites: { readonly out: readonly number[]; readonly in: readonly number[] };
  readonly cuts: readonly TrainCut[];
}

export interface TrainCut {
  /** Singular values, falling. Their number is the largest bond that the cut can need. */
  readonly values: Float64Array;
  /** S = −Σ p·ln p with p = σ²/Σσ², in nats: the entanglement entropy. */
  readonly entropy: number;
  /** e^S */
  readonly effectiveBond: number;
}

/** How the cuts of a method that removes units were tried: the cut model must compute the same as the masked one. */
export interface TrialReport {
  /** Whole parts were left out: the model must run without them, and its outputs keep their shapes. */
  readonly parts?: true;
  /** Whether they were run. */
  readonly ran: boolean;
  /** The samples' file. */
  readonly data?: string;
  /** Whether the samples were made up. */
  readonly generated?: boolean;
  /** Why they were not run, as the end of a sentence. */
  readonly note?: string;
}
