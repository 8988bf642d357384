import { withRecovery } from '../backend/recovery';
import type { LongCall } from '../core/progress';
import { effectiveRank } from '../linalg/spectrum';
import type { Factorisations } from '../methods/factorisations';
import type { LayerSpectrum } from '../methods/report';
import { type Dense, isMatrix } from '../operators/operator';

/** The spectrum of a layer's weight. Where the GPU fails it is measured again on a new device. */
export function spectrumOf(
  id: string,
  weight: Dense,
  factorisations: Factorisations,
  call: LongCall,
): Promise<LayerSpectrum> {
  return withRecovery(factorisations.backend, () => measured(id, weight, factorisations, call));
}

async function measured(
  id: string,
  weight: Dense,
  factorisations: Factorisations,
  call: LongCall,
): Promise<LayerSpectrum> {
  const values = await weight.toDense();
  if (isMatrix(weight)) {
    const factors = await factorisations.matrix(weight, values, { ...call, count: 0 });
    return { kind: 'matrix', id, values: factors.values, effectiveRank: effectiveRank(factors.values) };
  }
  const factors = await factorisations.convolution(weight, values, call);
  return {
    kind: 'tucker',
    id,
    outValues: factors.outValues,
    inValues: factors.inValues,
    energy: factors.energy,
    effectiveRank: narrower(factors.outValues, factors.inValues),
  };
}

/** The effective rank of the side where it is the smaller share of the channels: a side of one channel has always rank 1. */
function narrower(...sides: readonly Float64Array[]): number {
  const ranks = sides.map((values) => ({ rank: effectiveRank(values), full: values.length }));
  return ranks.reduce((least, side) => (side.rank / side.full < least.rank / least.full ? side : least)).rank;
}
