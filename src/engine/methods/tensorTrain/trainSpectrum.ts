import type { LongCall } from '../../core/progress';
import { effectiveRank } from '../../linalg/spectrum';
import { schmidtSpectra } from '../../linalg/tensorTrain';
import type { Dense } from '../../operators/operator';
import type { Factorisations } from '../factorisations';
import type { TrainSpectrum } from '../report';
import { sitesFor, type TensorTrainOptions } from './tensorTrain';
import { paddedTo } from './trainMatrix';

/** The singular values of a layer's weight across every cut of the train that these options make of it. */
export async function trainSpectrumOf(
  id: string,
  weight: Dense,
  options: TensorTrainOptions,
  { backend }: Factorisations,
  call: LongCall = {},
): Promise<TrainSpectrum> {
  const sites = sitesFor(weight, options);
  const spectra = await schmidtSpectra(backend, await paddedTo(weight, sites), sites, call);
  const cuts = spectra.map((values) => {
    const effectiveBond = effectiveRank(values);
    return { values, effectiveBond, entropy: effectiveBond > 0 ? Math.log(effectiveBond) : 0 };
  });
  return { kind: 'train', id, sites, cuts };
}
