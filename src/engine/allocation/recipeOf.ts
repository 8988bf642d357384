import type { Layer } from '../model/layers';
import { matchesLayer } from '../recipe/patterns';
import type { LineStep } from '../sensitivity/report';
import { keyOf } from './stacks';

/** What each layer that a recipe changes is stored by. */
export type Assigned = ReadonlyMap<Layer, readonly LineStep[]>;

/**
 * A pattern that selects this layer and no other one: its name, its weight's, or that of a node. Undefined where another
 * layer is called the same.
 */
export function patternOf(layer: Layer, layers: readonly Layer[]): string | undefined {
  const names = [layer.name, layer.weight, ...layer.uses.map(({ node }) => node.name)];
  return names.find((name) => name !== '' && layers.filter(matchesLayer(name)).length === 1);
}

/**
 * A recipe in which layers with the same steps share them. `layers`: all of the model's, so that each is named by a
 * pattern that no other one fits.
 */
export function recipeOf(assigned: Assigned, layers: readonly Layer[], seed: number): object {
  const groups = new Map<string, { readonly steps: readonly LineStep[]; readonly layers: Layer[] }>();
  for (const layer of layers) {
    const steps = assigned.get(layer);
    if (!steps || steps.length === 0) continue;
    const group = groups.get(keyOf(steps)) ?? { steps, layers: [] };
    group.layers.push(layer);
    groups.set(keyOf(steps), group);
  }
  const compressible = layers.filter((layer) => layer.compressible);
  const steps = [...groups.values()].flatMap(({ steps, layers: selected }) => {
    const names = selected.map((layer) => patternOf(layer, layers)!);
    const all = selected.length === compressible.length && compressible.length === layers.length;
    return steps.map(({ method, options }) => ({ layers: all ? '*' : names, method, options }));
  });
  return { version: 1, ...(seed !== 0 && { seed }), steps };
}
