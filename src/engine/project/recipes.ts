// What needs the methods. It is loaded when a model is open: the worker starts with little code.

import { withRecovery } from '../backend/recovery';
import type { LongCall } from '../core/progress';
import { type LayerTime, measureLayer } from '../measure/measureLayer';
import { getMethod } from '../methods/registry';
import { opsetOf } from '../model/model';
import { plannedDense } from '../operators/dense/dense';
import type { FloatType } from '../operators/operator';
import { needsData } from '../recipe/compress';
import { compareAtEqualBytes } from '../recipe/equalBytes';
import { planStack } from '../recipe/plan';
import { previewStack } from '../recipe/preview';
import { omitDefaults } from '../recipe/resolved';
import { checkRecipe, type Recipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import type { Tools } from './context';
import type { EqualBytesReport, KnownSpectra, PreviewSetting, SelectedStep, StackPreview, StackStep } from './engine';
import type { OpenedModel } from './openedModel';

/** The steps of a recipe and the layers that each selects. Throws a UserError with the place of a fault. */
export function selectedSteps(recipe: unknown, { layers }: OpenedModel): SelectedStep[] {
  const checked = checkRecipe(recipe);
  const selected = selectLayers(checked, [...layers.values()]);
  return checked.steps.map(({ method, options }, i) => ({
    layers: selected[i]!.map(({ id }) => id),
    method,
    options: omitDefaults(getMethod(method), options),
  }));
}

/** The steps with checked options. Throws a UserError with the place of a fault. */
function checkedStack(steps: readonly StackStep[], seed?: number): Recipe {
  const everywhere = steps.map((step) => ({ ...step, layers: '*' }));
  return checkRecipe({ version: 1, ...(seed !== undefined && { seed }), steps: everywhere }, 'The stack');
}

/** Really applies a stack to one layer. */
export async function preview(
  { model, layers, data }: OpenedModel,
  id: string,
  steps: readonly StackStep[],
  { peers, seed }: PreviewSetting,
  { factorisations }: Tools,
  call: LongCall,
): Promise<StackPreview> {
  const recipe = checkedStack(steps, seed);
  const share = needsData(recipe) ? await data.share() : undefined;
  const context = { ...call, factorisations, calibration: share?.calibration, peers, seed: recipe.seed };
  return withRecovery(factorisations.backend, () => previewStack(model, layers.get(id)!, recipe.steps, context));
}

/** What each method loses on these layers at each share of their bytes. */
export async function equalBytes(
  { model, data }: OpenedModel,
  ids: readonly string[],
  sizes: readonly number[],
  { factorisations }: Tools,
  call: LongCall,
): Promise<EqualBytesReport> {
  // A single sample can't be split: then weights alone are compared.
  const share = data.dataset.samples > 1 ? await data.share() : undefined;
  return compareAtEqualBytes(model, ids, sizes, { ...call, factorisations, calibration: share?.calibration });
}

/** Times of products with what a stack is planned to make of a layer; undefined where the plan cannot say what that is. */
export async function layerLatency(
  { model, layers }: OpenedModel,
  id: string,
  steps: readonly StackStep[],
  tokens: readonly number[],
  { factorisations: { backend } }: Tools,
  { signal }: LongCall,
  known: KnownSpectra = {},
): Promise<readonly LayerTime[] | undefined> {
  const { shape, op, dtype } = layers.get(id)!;
  const dense = { shape, type: dtype as FloatType };
  const planned = planStack({ ...dense, op, opset: opsetOf(model), ...known }, checkedStack(steps).steps);
  const operator = planned.length > 0 ? planned.at(-1)!.operator : plannedDense(shape, dense.type);
  return (
    operator && withRecovery(backend, () => measureLayer(backend, operator, dense, tokens, { signal, planned: true }))
  );
}
