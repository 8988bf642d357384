// What recipes need, methods and all: loaded once a model is open, as the first page is to be small.

import { getMethod } from '../engine/methods/registry';
import type { Layer } from '../engine/model/layers';
import { omitDefaults } from '../engine/recipe/resolved';
import { checkRecipe } from '../engine/recipe/schema';
import { selectLayers } from '../engine/recipe/select';
import type { SelectedStep } from './protocol';

export { openFolded } from '../engine/evaluation/foldedSession';
export { compress, compressedName, needsData } from '../engine/recipe/compress';
export { compareAtEqualBytes } from '../engine/recipe/equalBytes';
export { previewStack } from '../engine/recipe/preview';
export { CalibrationShare } from './calibrationShare';
export { checkRecipe };

/** The steps of a recipe that is checked first, each with what it selects. Throws a UserError with the place of a fault. */
export function selectedSteps(recipe: unknown, layers: readonly Layer[]): SelectedStep[] {
  const checked = checkRecipe(recipe);
  const selected = selectLayers(checked, layers);
  return checked.steps.map(({ method, options }, i) => ({
    layers: selected[i]!.map(({ id }) => id),
    method,
    options: omitDefaults(getMethod(method), options),
  }));
}
