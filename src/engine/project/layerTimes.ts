import { withRecovery } from '../backend/recovery';
import type { KeptDense } from '../measure/keptDense';
import { type LayerTime, measureLayer, TOKEN_COUNTS } from '../measure/measureLayer';
import type { Layer } from '../model/layers';
import type { FloatType, Operator } from '../operators/operator';
import { planStack, type StackStep } from '../recipe/plan';
import type { KnownSpectra, LayerTimes } from './engine';

/** Nobody waits for figures that replace first ones: more rounds make them steadier. */
const STEADY_MS = 400;

export interface LayerTimesCall {
  readonly signal?: AbortSignal | undefined;
  /** What a trial of the same steps made of the layer; absent: the plan's sizes are measured with random contents. */
  readonly tried?: Operator | undefined;
  readonly onTimes?: ((times: LayerTimes) => void) | undefined;
}

/**
 * Measures products of a layer under a stack of checked steps beside its dense weight, on the backend of `kept`. null where there is
 * nothing to compare: the layer stays as it is, its units are cut, or its size is known only after the steps have run.
 */
export async function layerTimes(
  kept: KeptDense,
  layer: Pick<Layer, 'id' | 'shape' | 'op' | 'dtype'>,
  opset: number,
  steps: readonly StackStep[],
  known: KnownSpectra,
  { signal, tried, onTimes }: LayerTimesCall,
): Promise<LayerTimes | null> {
  const { id, shape, op } = layer;
  const type = layer.dtype as FloatType;
  const operator = tried ?? planStack({ shape, op, opset, type, ...known }, steps).at(-1)?.operator;
  if (!operator || (operator.kind === 'dense' && operator.type === type)) return null;
  if (String(operator.shape) !== String(shape)) return null;
  const report = (times: readonly LayerTime[]): LayerTimes => ({
    layer: id,
    form: operator.form,
    values: tried ? 'own' : 'random',
    tokens: TOKEN_COUNTS,
    times,
  });
  const times = await withRecovery(kept.backend, () =>
    measureLayer(kept, operator, { shape, type }, TOKEN_COUNTS, {
      signal,
      planned: tried === undefined,
      ...(tried && { steadyMs: STEADY_MS }),
      onTimes: (some) => onTimes?.(report(some)),
    }),
  );
  return report(times);
}
