import type { Layer } from '../../model/layers';
import type { Model } from '../../model/model';
import { denseOf } from '../../operators/dense/dense';
import type { Dense, Operator } from '../../operators/operator';
import { weightOf } from '../../operators/weight';
import type { StepReport } from '../report';

/** A layer on its way through the steps. */
export interface LayerProgress {
  /** In the model as it is now; cutting units replaces it. */
  layer: Layer;
  /** As the steps that rewrite leaves found it. */
  weight: Dense;
  /** Of the layer in the model that was given. */
  readonly before: { readonly bytes: number; readonly parameters: number };
  /** ‖what cuts left of W‖/‖W‖. What is cut away is orthogonal to all that happens to the rest. */
  normShare: number;
  /** What stands for the weight now. */
  operator: Operator;
  steps: StepReport[];
  /** Time spent on this layer. */
  ms: number;
  /** Names the operator by all that it follows from; absent until a run that keeps results needs it. */
  key?: string | undefined;
}

export function beginLayer(model: Model, layer: Layer): LayerProgress {
  const weight = weightOf(model, layer);
  const { bytes, parameters } = layer;
  return { layer, weight, before: { bytes, parameters }, normShare: 1, operator: weight, steps: [], ms: 0 };
}

/** The report of a step that left a layer as it was, and why where that is known. */
export function skippedReport(
  { steps, operator }: Pick<LayerProgress, 'steps' | 'operator'>,
  method: string,
  reason: string | undefined,
): StepReport {
  const { form, bytes, parameters, multiplyAdds } = operator;
  const error = steps.at(-1)?.error ?? 0;
  const skipped = reason === undefined ? {} : { skipped: reason };
  return { method, form, added: 0, error, bytes, parameters, multiplyAdds, ...skipped };
}

/** What a layer is called of which nothing is left. */
export const DROPPED = 'dropped';

/** A layer of which nothing is left: no outputs, no bytes. */
export function droppedLayer(layer: Layer): Pick<LayerProgress, 'layer' | 'weight' | 'operator'> {
  const shape = [0, ...layer.shape.slice(1)];
  const weight = denseOf(shape, 'float32', new Float32Array());
  return { layer: { ...layer, shape }, weight, operator: weight };
}

export const isDropped = ({ layer }: Pick<LayerProgress, 'layer'>): boolean => layer.shape[0] === 0;
