import { Calibration } from '../calibration/calibration';
import { norm } from '../linalg/distance';
import type { GraphContext, GraphMethod, StepContext } from '../methods/method';
import type { TrialReport } from '../methods/report';
import { type Layer, layersOf } from '../model/layers';
import type { Model } from '../model/model';
import { type Scope, scopeOf } from '../model/scopes';
import { weightOf } from '../operators/weight';
import { left, type StepInputs, type Work } from './step';

/** A model on its way through the steps, with its layers by their ids, which stay the same. */
export interface State {
  model: Model;
  main: Scope;
  layers: readonly Layer[];
  /** Of the layers that steps select, and of those that cuts change along with them. */
  readonly works: Map<string, Work>;
}

/**
 * What the layers of a model that was cut see has other widths, and is observed anew; what `given` holds of the original
 * is kept for others.
 */
export const calibrationFor = (
  state: State,
  original: Model,
  given: Calibration | undefined,
  now: Calibration | undefined,
): Calibration | undefined =>
  given && state.model !== original && now === given ? new Calibration(given.source) : now;

export function begin(model: Model, layer: Layer): Work {
  const weight = weightOf(model, layer);
  const { bytes, parameters } = layer;
  return { layer, weight, before: { bytes, parameters }, kept: 1, operator: weight, steps: [], ms: 0 };
}

/**
 * Runs a method that edits several tensors at once: the state gets another model, and every layer its new weight. Returns
 * how the edit was tried.
 */
export async function runGraphStep(
  state: State,
  selected: readonly Layer[],
  method: GraphMethod,
  options: unknown,
  call: StepContext & Pick<StepInputs, 'statisticsOf'> & Pick<GraphContext, 'trial'>,
): Promise<TrialReport | undefined> {
  const started = performance.now();
  const { works, layers, model } = state;
  const { skipped, trial, ...edit } = await method.edit(model, state.main, selected, options, {
    ...call,
    layers,
    rewritten: ({ id }) => {
      const work = works.get(id);
      return work !== undefined && work.operator !== work.weight;
    },
  });
  const ms = (performance.now() - started) / Math.max(1, selected.length);
  state.model = edit.model;
  state.main = scopeOf(edit.model);
  state.layers = layersOf(state.main);
  const now = new Map(state.layers.map((layer) => [layer.id, layer]));
  for (const layer of layers) {
    const next = now.get(layer.id);
    if (!next) throw new Error(`${layer.name} is gone from the model that ${method.name} made.`);
    const cut = String(next.shape) !== String(layer.shape);
    if (!cut && !works.has(layer.id)) continue;
    const work = works.get(layer.id) ?? begin(model, layer);
    works.set(layer.id, work);
    const wasSelected = selected.includes(layer);
    if (wasSelected) work.ms += ms;
    if (!cut) {
      work.layer = next;
      if (wasSelected) work.steps.push(left(work, method.name, skipped.get(layer)));
      continue;
    }
    const whole = norm(await work.weight.toDense());
    work.layer = next;
    // Under the layer's id caches hold what the weight was.
    work.weight = weightOf(edit.model, next, false);
    work.kept *= whole === 0 ? 1 : norm(await work.weight.toDense()) / whole;
    work.operator = work.weight;
    const { bytes, parameters, multiplyAdds, shape } = work.weight;
    const error = Math.sqrt(1 - work.kept ** 2);
    const before = work.steps.at(-1)?.error ?? 0;
    const added = Math.sqrt(Math.max(0, error ** 2 - before ** 2));
    const form = `cut to ${shape.join('×')}`;
    work.steps.push({ method: method.name, form, added, error, bytes, parameters, multiplyAdds });
  }
  return trial;
}
