import type { TrainSpectrum } from '../report';

/** The Schmidt spectrum of each cut of a train, measured before any truncation, and the bond that was kept. */
export interface BondsPicture {
  readonly kind: 'bonds';
  readonly cuts: readonly {
    readonly values: Float64Array;
    /** e^S */
    readonly effective: number;
    readonly kept: number;
  }[];
}

export const bondsOf = ({ cuts }: TrainSpectrum, bonds: readonly number[]): BondsPicture => ({
  kind: 'bonds',
  cuts: cuts.map(({ values, effectiveBond }, at) => ({ values, effective: effectiveBond, kept: bonds[at]! })),
});
