/** What a layer's truncation costs at every rank: enough for sliders to be exact without asking the engine. */
export type LayerSpectrum = MatrixSpectrum | TuckerSpectrum;

export interface MatrixSpectrum {
  readonly kind: 'matrix';
  readonly id: string;
  /** Singular values, falling. */
  readonly values: Float64Array;
  /** e^S, S the entropy of σ²/Σσ²: how many directions carry the weight. */
  readonly effectiveRank: number;
}

export interface TuckerSpectrum {
  readonly kind: 'tucker';
  readonly id: string;
  /** Singular values of the unfoldings: output channels and input channels. */
  readonly outValues: Float64Array;
  readonly inValues: Float64Array;
  /** [out+1, in+1]: energy of the leading (rOut, rIn) block of the core; the last entry is ‖W‖². */
  readonly energy: Float64Array;
  readonly effectiveRank: number;
}
