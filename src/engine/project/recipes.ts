// What recipes need, methods and all: loaded once a model is open, as the first page is to be small.

import { getMethod } from '../methods/registry';
import type { Layer } from '../model/layers';
import { omitDefaults } from '../recipe/resolved';
import { checkRecipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import type { SelectedStep } from './engine';

export { openFolded } from '../evaluation/foldedSession';
export { compress, compressedName, needsData } from '../recipe/compress';
export { compareAtEqualBytes } from '../recipe/equalBytes';
export { previewStack } from '../recipe/preview';
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
