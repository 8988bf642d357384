import { norm } from '../../linalg/distance';
import {
  type GraphContext,
  type GraphMethod,
  isSkipped,
  type PlanContext,
  type StepContext,
} from '../../methods/method';
import type { TrialReport } from '../../methods/report';
import { type Layer, layersIn, type ModelLayers } from '../../model/layers';
import type { Model } from '../../model/model';
import { weightOf } from '../../operators/weight';
import { plannedOutcome, whyNotBegun } from './decision';
import { beginLayer, DROPPED, droppedLayer, type LayerProgress, skippedReport } from './layerProgress';

type GraphStepCall = StepContext & Pick<GraphContext, 'statisticsOf' | 'trial'> & Pick<PlanContext, 'opset'>;

/**
 * Runs a method that edits several tensors together. Returns the model that it makes and how the edit was tried;
 * `progress`, by layer id, gets the new weights, and also every layer that was cut without being selected.
 */
export async function runGraphStep(
  before: ModelLayers,
  progress: Map<string, LayerProgress>,
  selected: readonly Layer[],
  method: GraphMethod,
  options: unknown,
  call: GraphStepCall,
): Promise<{ readonly now: ModelLayers; readonly trial: TrialReport | undefined }> {
  const started = performance.now();
  const rewritten = (layer: Layer) => {
    const known = progress.get(layer.id);
    return known !== undefined && known.operator !== known.weight;
  };
  const edit = await method.edit(before.model, before.main, selected, options, {
    ...call,
    layers: before.layers,
    rewritten,
  });
  const ms = (performance.now() - started) / Math.max(1, selected.length);
  const now = layersIn(edit.model);
  const nowById = new Map(now.layers.map((layer) => [layer.id, layer]));
  for (const layer of before.layers) {
    const next = nowById.get(layer.id);
    const isCut = String(next?.shape) !== String(layer.shape);
    if (!isCut && !progress.has(layer.id)) continue;
    const known = progress.get(layer.id) ?? beginLayer(before.model, layer);
    progress.set(layer.id, known);
    const wasSelected = selected.includes(layer);
    if (wasSelected) known.ms += ms;
    if (!next) drop(known, method.name);
    else if (isCut) await cut(known, next, edit.model, method);
    else {
      known.layer = next;
      const reason = whyForeseen(known, method, options, call.opset) ?? edit.skipped.get(layer);
      if (wasSelected) known.steps.push(skippedReport(known, method.name, reason));
    }
  }
  return { now, trial: edit.trial };
}

/** Why the step leaves a layer, where a plan knows it too. */
function whyForeseen(
  { operator, weight, layer: { op } }: LayerProgress,
  method: GraphMethod,
  options: unknown,
  opset: number,
): string | undefined {
  const refused = whyNotBegun({ before: operator, isOwnWeight: operator === weight, method });
  if (refused !== undefined) return refused;
  const planned = plannedOutcome(method, weight, options, { op, opset });
  return planned !== 'unknown' && isSkipped(planned) ? planned.skipped : undefined;
}

/** Gives a layer the weight that a cut left of it. */
async function cut(progress: LayerProgress, layer: Layer, model: Model, method: GraphMethod): Promise<void> {
  const whole = norm(await progress.weight.toDense());
  progress.layer = layer;
  // Caches hold the whole weight under the layer's id.
  progress.weight = weightOf(model, layer, false);
  progress.normShare *= whole === 0 ? 1 : norm(await progress.weight.toDense()) / whole;
  progress.operator = progress.weight;
  progress.key = undefined;
  const { bytes, parameters, multiplyAdds, shape } = progress.weight;
  const error = Math.sqrt(1 - progress.normShare ** 2);
  const errorBefore = progress.steps.at(-1)?.error ?? 0;
  const added = Math.sqrt(Math.max(0, error ** 2 - errorBefore ** 2));
  const form = `cut to ${shape.join('×')}`;
  progress.steps.push({ method: method.name, form, added, error, bytes, parameters, multiplyAdds });
}

/** Nothing is left of a layer that a method left out. */
function drop(progress: LayerProgress, method: string): void {
  const errorBefore = progress.steps.at(-1)?.error ?? 0;
  Object.assign(progress, droppedLayer(progress.layer), { normShare: 0, key: undefined });
  progress.steps.push({
    method,
    form: DROPPED,
    added: Math.sqrt(1 - errorBefore ** 2),
    error: 1,
    bytes: 0,
    parameters: 0,
    multiplyAdds: 0,
  });
}
