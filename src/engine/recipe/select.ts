import { UserError } from '../core/errors';
import type { Layer } from '../model/layers';
import type { CompressedBefore } from './compressedBefore';
import { closest } from './nearest';
import { matchesCompressed, matchesLayer } from './patterns';
import type { Recipe, Step } from './schema';

/**
 * The layers that each step works on, in graph order. Throws a UserError for a pattern that matches nothing, not even a
 * weight that was compressed before.
 */
export function selectLayers(
  recipe: Recipe,
  layers: readonly Layer[],
  name = 'The recipe',
  before: readonly CompressedBefore[] = [],
): Layer[][] {
  return recipe.steps.map((step, i) => selectStep(step, layers, `${name}, step ${i + 1}`, before));
}

function selectStep(step: Step, layers: readonly Layer[], place: string, before: readonly CompressedBefore[]): Layer[] {
  const wanted = matching(step.layers, layers, `${place}: layers`, before);
  const ignored = matching(step.ignore, layers, `${place}: ignore`, before);
  return layers.filter((layer) => wanted.has(layer) && !ignored.has(layer));
}

function matching(
  patterns: readonly string[],
  layers: readonly Layer[],
  place: string,
  before: readonly CompressedBefore[],
): Set<Layer> {
  const found = new Set<Layer>();
  for (const pattern of patterns) {
    const hits = layers.filter(matchesLayer(pattern));
    if (hits.length === 0 && !before.some(matchesCompressed(pattern))) {
      throw new UserError(`${place}: "${pattern}" matches no layer; ${hint(pattern, layers)}.`);
    }
    for (const layer of hits) found.add(layer);
  }
  return found;
}

function hint(pattern: string, layers: readonly Layer[]): string {
  if (layers.length === 0) return 'this model has no layers';
  if (pattern.startsWith('op:')) {
    const operators = new Set(layers.flatMap(({ uses }) => uses.map(({ node }) => node.opType)));
    return `the operators of this model's layers are ${[...operators].join(', ')}`;
  }
  return `the nearest name is "${closest(
    pattern,
    layers.flatMap(({ name, weight }) => [name, weight]),
  )}"`;
}
