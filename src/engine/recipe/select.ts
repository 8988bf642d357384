import { UserError } from '../errors';
import type { Layer } from '../model/layers';
import type { Recipe, Step } from './schema';

/**
 * The layers that each step works on, in graph order. A pattern is a node's or a weight's name in which `*` stands for
 * any run of characters, or `op:Gemm`. Throws a UserError for a pattern that matches nothing.
 */
export function selectLayers(recipe: Recipe, layers: readonly Layer[]): Layer[][] {
  return recipe.steps.map((step, i) => selectStep(step, layers, `Step ${i + 1}`));
}

function selectStep(step: Step, layers: readonly Layer[], place: string): Layer[] {
  const wanted = matching(step.layers, layers, `${place}: layers`);
  const ignored = matching(step.ignore, layers, `${place}: ignore`);
  return layers.filter((layer) => wanted.has(layer) && !ignored.has(layer));
}

function matching(patterns: readonly string[], layers: readonly Layer[], place: string): Set<Layer> {
  const found = new Set<Layer>();
  for (const pattern of patterns) {
    const matches = matcher(pattern);
    const hits = layers.filter(matches);
    if (hits.length === 0) {
      const example = layers[0]
        ? `; a layer of this model is called "${layers[0].name}"`
        : '; this model has no layers';
      throw new UserError(`${place}: "${pattern}" matches no layer${example}.`);
    }
    for (const layer of hits) found.add(layer);
  }
  return found;
}

function matcher(pattern: string): (layer: Layer) => boolean {
  const byOperator = pattern.startsWith('op:');
  const text = byOperator ? pattern.slice(3) : pattern;
  const expression = new RegExp(`^${text.split('*').map(escapeText).join('.*')}$`, 's');
  const test = (name: string) => expression.test(name);
  if (byOperator) return ({ uses }) => uses.some(({ node }) => test(node.opType));
  return ({ name, weight, uses }) =>
    test(name) || test(weight) || uses.some(({ node }) => node.name !== '' && test(node.name));
}

const escapeText = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
