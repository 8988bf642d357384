import type { Backend } from '../../backend/backend';
import type { LongCall } from '../../core/progress';
import type { SiteShape } from '../../linalg/sites';
import { effectiveRank } from '../../linalg/spectrum';
import { schmidtSpectra } from '../../linalg/tensorTrain';
import type { Dense } from '../../operators/operator';
import type { TrainSpectrum } from '../report';
import { paddedTo } from './trainMatrix';

/** The singular values of a layer's weight across every cut of a train over these sites. */
export async function trainSpectrumOf(
  id: string,
  weight: Dense,
  sites: SiteShape,
  backend: Backend,
  call: LongCall = {},
): Promise<TrainSpectrum> {
  const spectra = await schmidtSpectra(backend, await paddedTo(weight, sites), sites, call);
  const cuts = spectra.map((values) => {
    const effectiveBond = effectiveRank(values);
    return { values, effectiveBond, entropy: effectiveBond > 0 ? Math.log(effectiveBond) : 0 };
  });
  return { kind: 'train', id, sites, cuts };
}
