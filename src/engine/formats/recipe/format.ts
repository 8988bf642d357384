import type { RecipeFormat } from '../format';
import { says } from '../signatures';

const isObject = says(/^(\xef\xbb\xbf)?\s*\{/);
const hasSteps = says(/"steps"\s*:\s*\[/);

/** JSON with a list of steps. */
export const recipe: RecipeFormat = {
  gives: 'recipe',
  what: 'a recipe',
  instead: 'open a model, and this file beside it',
  extensions: ['.json'],
  matches: (file) => isObject(file) && hasSteps(file),
};
