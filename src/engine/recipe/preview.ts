import type { Calibration } from '../calibration/calibration';
import { predictedOutputError } from '../calibration/outputError';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { isGraphMethod } from '../methods/method';
import { type HeatMap, heatMapOf } from '../methods/pictures/heatMap';
import { type Histogram, histogramOf } from '../methods/pictures/histogram';
import type { StepPicture } from '../methods/pictures/pictures';
import { getMethod } from '../methods/registry';
import type { TrainSpectrum } from '../methods/report';
import { type Layer, layersOf } from '../model/layers';
import { type Model, opsetOf } from '../model/model';
import { scopeOf } from '../model/scopes';
import { elements, isDense } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { begin, calibrationFor, runGraphStep, type State } from './graphStep';
import type { StackStep } from './plan';
import type { StepReport } from './report';
import { runStep } from './step';

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
}

/**
 * Applies checked steps to one layer, as `compress` would, and says what became of it after each. A budget that a step
 * shares among all of its layers is given to this layer alone.
 */
export async function previewStack(
  model: Model,
  layer: Layer,
  steps: readonly StackStep[],
  context: PreviewContext,
): Promise<StackPreview> {
  const started = performance.now();
  const { factorisations, signal, seed = 0 } = context;
  let { calibration } = context;
  const main = scopeOf(model);
  const layers = layersOf(main);
  const found = layers.find(({ id }) => id === layer.id)!;
  const state: State = { model, main, layers, works: new Map([[layer.id, begin(model, found)]]) };
  const work = () => state.works.get(layer.id)!;
  const multiply = multiplyOn(factorisations.backend);
  const first = await work().weight.toDense();
  const pictures: (StepPicture | null)[] = [];
  let now = first;
  let train: TrainSpectrum | undefined;
  let withData = false;
  for (const [i, { method: name, options }] of steps.entries()) {
    signal?.throwIfAborted();
    const method = getMethod(name);
    context.onProgress?.({ done: i, total: steps.length, label: method.title });
    calibration = calibrationFor(state, model, context.calibration, calibration);
    if (method.needsData?.(options) && calibration) {
      const seen = isGraphMethod(method) ? state.layers : [work().layer];
      await calibration.collect(state.model, state.main, seen, { signal });
      withData = true;
    }
    const call = {
      factorisations,
      signal,
      seed,
      opset: opsetOf(model),
      statisticsOf: (one: Layer) => calibration?.statisticsOf(one) ?? 'no data is open',
      onRetry: () => undefined,
    };
    const { operator: stood } = work();
    if (isGraphMethod(method)) {
      const peers = new Set(context.peers?.[i]);
      const selected = state.layers.filter(({ id }) => peers.has(id) || id === layer.id);
      await runGraphStep(state, selected, method, options, call);
    } else await runStep([work()], method, options, call);
    const before = now;
    now =
      work().operator === work().weight && !isGraphMethod(method) ? before : await work().operator.toDense(multiply);
    // The zeros and levels of factors are not those of their product.
    pictures.push(isDense(stood) && work().operator !== stood ? await picture() : null);

    async function picture(): Promise<StepPicture | null> {
      const { operator, weight } = work();
      if (!method.picture || before.length !== now.length) return null;
      const measured = await method.measure?.(layer.id, weight, options, factorisations, { signal });
      // A weight that was cut is no longer the layer's own.
      if (state.model === model) train = measured ?? train;
      return method.picture({ weight, operator, before, after: now, train: measured }, options);
    }
  }
  const { shape } = layer;
  const after = work();
  const same = elements(after.weight.shape) === first.length;
  const difference = same && now !== first ? now.map((value, i) => value - first[i]!) : undefined;
  const observed = withData && same && calibration ? calibration.observedOf(found) : [];
  return {
    layer: layer.id,
    shape,
    steps: after.steps,
    ...(observed.length > 0 && {
      outputError: await predictedOutputError({ weight: after.weight, operator: after.operator }, observed, multiply),
    }),
    histogram: histogramOf(first, now),
    maps: {
      before: heatMapOf(first, shape),
      after: heatMapOf(now, after.weight.shape),
      ...(difference && { difference: heatMapOf(difference, shape) }),
    },
    ...(train && { train }),
    pictures,
    ms: performance.now() - started,
  };
}
