// What needs the methods. It is loaded when a model is open: the worker starts with little code.

import { withRecovery } from '../backend/recovery';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { getMethod } from '../methods/registry';
import { opsetOf } from '../model/model';
import type { Operator } from '../operators/operator';
import { weightOf } from '../operators/weight';
import { needsData } from '../recipe/compress';
import { compareAtEqualBytes } from '../recipe/equalBytes';
import { previewStack } from '../recipe/preview';
import { omitDefaults } from '../recipe/resolved';
import { checkRecipe, type Recipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import { spectrumOf } from '../recipe/spectra';
import type { Tools } from './context';
import type {
  EqualBytesReport,
  KnownSpectra,
  LayerSpectrum,
  LayerTimes,
  PreviewSetting,
  SelectedStep,
  StackPreview,
  StackStep,
} from './engine';
import { type LayerTimesCall, layerTimes } from './layerTimes';
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
  opened: OpenedModel,
  id: string,
  steps: readonly StackStep[],
  { peers, seed }: PreviewSetting,
  { factorisations }: Tools,
  call: LongCall,
): Promise<StackPreview> {
  const { model, layers, data } = opened;
  const recipe = checkedStack(steps, seed);
  const share = needsData(recipe) ? await data.share() : undefined;
  const onOperator = (operator: Operator) => {
    opened.tried = { key: keyOf(id, steps), operator };
  };
  const context = { ...call, factorisations, calibration: share?.calibration, peers, seed: recipe.seed, onOperator };
  return withRecovery(factorisations.backend, () => previewStack(model, layers.get(id)!, recipe.steps, context));
}

/** The spectrum of a layer's weight. What was measured already comes at once. */
export const spectrum = (
  { model, layers }: OpenedModel,
  id: string,
  factorisations: Factorisations,
  call: Pick<LongCall, 'signal'>,
): Promise<LayerSpectrum> => spectrumOf(id, weightOf(model, layers.get(id)!), factorisations, call);

/** What each method loses on these layers at each share of their bytes. */
export async function equalBytes(
  { model, data }: OpenedModel,
  ids: readonly string[],
  sizes: readonly number[],
  { factorisations }: Tools,
  onReport: (report: EqualBytesReport) => void,
  call: LongCall,
): Promise<EqualBytesReport> {
  // A single sample can't be split: then weights alone are compared.
  const share = data.dataset.samples > 1 ? await data.share() : undefined;
  return compareAtEqualBytes(model, ids, sizes, {
    ...call,
    factorisations,
    calibration: share?.calibration,
    onReport,
  });
}

/** Measures products of a layer under a stack: with what its latest trial made, if that was of these steps. */
export async function timesOf(
  { model, layers, tried }: OpenedModel,
  id: string,
  steps: readonly StackStep[],
  known: KnownSpectra,
  { keptDense }: Tools,
  { signal, onTimes }: Pick<LayerTimesCall, 'signal' | 'onTimes'>,
): Promise<LayerTimes | null> {
  const call = { signal, onTimes, tried: tried?.key === keyOf(id, steps) ? tried.operator : undefined };
  return layerTimes(keptDense, layers.get(id)!, opsetOf(model), checkedStack(steps).steps, known, call);
}

const keyOf = (id: string, steps: readonly StackStep[]): string => JSON.stringify([id, steps]);
