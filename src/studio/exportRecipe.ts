import type { RunReport } from '../engine/page/light';
import { save } from './files';
import { currentRecipe } from './state/recipe';
import { useStudio } from './store';

/** Downloads the recipe of a run, for the aim that is chosen now; without a run, the recipe of the ticked layers. */
export async function exportRecipe(report?: RunReport): Promise<void> {
  // The methods that this import brings along are no part of the first load.
  const { writtenRecipe } = await import('./methods');
  const state = useStudio.getState();
  const recipe = report ? { ...(report.recipe as object), export: state.settings.export } : currentRecipe(state);
  const model = state.model?.name.replace(/\.onnx$/i, '') ?? 'model';
  const name = `${model}${report ? `.run${report.run}` : ''}.recipe.json`;
  save(name, new Blob([`${writtenRecipe(recipe)}\n`], { type: 'application/json' }));
}
