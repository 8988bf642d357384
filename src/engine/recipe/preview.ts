import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { isGraphMethod } from '../methods/method';
import { type HeatMap, heatMapOf } from '../methods/pictures/heatMap';
import { type Histogram, histogramOf } from '../methods/pictures/histogram';
import type { StepPicture } from '../methods/pictures/pictures';
import { getMethod } from '../methods/registry';
import type { TrainSpectrum } from '../methods/report';
import type { Layer } from '../model/layers';
import { layersIn } from '../model/layers';
import type { Model } from '../model/model';
import { elements, isDense, type Operator } from '../operators/operator';
import type { StackStep } from './plan';
import type { StepReport } from './report';
import { Runner } from './runner/runner';

/** One layer after its stack was really applied to it. Errors and sizes are measured. */
export interface StackPreview {
  /** The layer's id. */
  readonly layer: string;
  readonly shape: readonly number[];
  readonly steps: readonly StepReport[];
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ from XᵀX of the calibration data, where a step asked for it. */
  readonly outputError?: number;
  readonly histogram: Histogram;
  readonly maps: {
    readonly before: HeatMap;
    readonly after: HeatMap;
    /** Absent where units were cut away, so that the weights have no entries in common. */
    readonly difference?: HeatMap;
  };
  /** Of the cuts of the layer's own weight, where a step made a train of it. */
  readonly train?: TrainSpectrum;
  /** One for each step. */
  readonly pictures: readonly (StepPicture | null)[];
  readonly ms: number;
}

export interface PreviewContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly seed?: number;
  readonly calibration?: Calibration | undefined;
  /** For each step the ids of the layers that it selects: methods that cut units need all of a group. */
  readonly peers?: readonly (readonly string[])[];
  /** Is given what stands for the layer's weight after the last step. */
  readonly onOperator?: ((operator: Operator) => void) | undefined;
}

/**
 * Applies checked steps to one layer, as `compress` would, and says what became of it after each. A budget that a step
 * shares among all of its layers is given to this layer alone.
 */
export async function previewStack(
  model: Model,
  layer: Pick<Layer, 'id'>,
  steps: readonly StackStep[],
  context: PreviewContext,
): Promise<StackPreview> {
  const started = performance.now();
  const { factorisations, calibration, signal, seed = 0 } = context;
  const given = layersIn(model);
  const selected = (id: string, i: number) =>
    id === layer.id || (isGraphMethod(getMethod(steps[i]!.method)) && context.peers?.[i]?.includes(id));
  const runnable = steps.map(({ method, options }, i) => ({
    kind: 'method' as const,
    method,
    options,
    layers: given.layers.filter(({ id }) => selected(id, i)),
  }));
  const runner = new Runner(given, runnable, {
    factorisations,
    seed,
    calibration,
    noCalibration: 'no data is open',
    signal,
  });
  const { shape } = given.layers.find(({ id }) => id === layer.id)!;
  const progress = runner.layer(layer.id);
  const first = await progress.weight.toDense();
  const pictures: (StepPicture | null)[] = [];
  let now = first;
  let train: TrainSpectrum | undefined;
  for (const [i, { method: name, options }] of steps.entries()) {
    const method = getMethod(name);
    context.onProgress?.({ done: i, total: steps.length, label: method.title });
    const { operator: stood } = progress;
    await runner.run(i);
    const before = now;
    const changed = progress.operator !== stood;
    if (changed) now = await runner.valuesOf(layer.id);
    // The zeros and levels of factors are not those of their product.
    pictures.push(isDense(stood) && changed ? await picture() : null);

    async function picture(): Promise<StepPicture | null> {
      const { operator, weight } = progress;
      if (!method.picture || before.length !== now.length) return null;
      const measured = await method.measure?.(layer.id, weight, options, factorisations, { signal });
      // A weight that was cut is no longer the layer's own.
      if (runner.now === given) train = measured ?? train;
      return method.picture({ weight, operator, before, after: now, train: measured }, options);
    }
  }
  context.onOperator?.(progress.operator);
  const { weight, steps: reports } = progress;
  const same = elements(weight.shape) === first.length;
  const difference = same && now !== first ? now.map((value, i) => value - first[i]!) : undefined;
  const looked = steps.some(({ method, options }) => getMethod(method).needsData?.(options));
  const outputError = looked && same ? await runner.outputErrorOf(layer.id) : undefined;
  return {
    layer: layer.id,
    shape,
    steps: reports,
    ...(outputError !== undefined && { outputError }),
    histogram: histogramOf(first, now),
    maps: {
      before: heatMapOf(first, shape),
      after: heatMapOf(now, weight.shape),
      ...(difference && { difference: heatMapOf(difference, shape) }),
    },
    ...(train && { train }),
    pictures,
    ms: performance.now() - started,
  };
}
