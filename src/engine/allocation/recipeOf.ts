import type { Layer } from '../model/layers';
import type { LineStep } from '../recipe/lines';
import { ownPattern } from '../recipe/patterns';
import { keyOf } from './stacks';

/** What each layer that a recipe changes is stored by. */
export type Assigned = ReadonlyMap<Layer, readonly LineStep[]>;

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
  const steps = [...groups.values()].flatMap((group) => {
    const selection = selectionOf(group.layers, compressible, layers);
    return group.steps.map(({ method, options }) => ({ ...selection, method, options }));
  });
  return { version: 1, ...(seed !== 0 && { seed }), steps };
}

/** The shorter of two ways to select layers: by their names, or all but those that are named. Files carry their recipe. */
function selectionOf(selected: readonly Layer[], compressible: readonly Layer[], layers: readonly Layer[]) {
  const named = (some: readonly Layer[]) => some.flatMap((layer) => ownPattern(layer, layers) ?? []);
  const others = compressible.filter((layer) => !selected.includes(layer));
  const ignored = named(others);
  const byName = { layers: named(selected) };
  const byOthers = { layers: '*', ...(ignored.length > 0 && { ignore: ignored }) };
  const isShorter = JSON.stringify(byOthers).length < JSON.stringify(byName).length;
  // A layer that no pattern tells from others cannot be ignored by itself.
  return isShorter && ignored.length === others.length ? byOthers : byName;
}
