import type { Layer } from '../model/layers';
import { ownPattern } from '../recipe/patterns';
import type { Level } from './levels';

/** A level for each layer by its id; a layer without one stays as it is. */
export type Assignment = ReadonlyMap<string, Level>;

/** The recipe with a step for each level, in the order in which layers first have it. */
export function recipeOf(assignment: Assignment, names: ReadonlyMap<string, string>): object {
  const steps = new Map<Level, string[]>();
  for (const [id, level] of assignment) steps.set(level, [...(steps.get(level) ?? []), names.get(id)!]);
  return { version: 1, steps: [...steps].map(([{ step }, layers]) => ({ layers, ...step })) };
}

/** "8 bits for 60 % of the weights, 4 bits for 35 %, 5 % as they are". Weights of layers count. */
export function describeAssignment(
  assignment: Assignment,
  layers: readonly Pick<Layer, 'id' | 'parameters'>[],
): string {
  const all = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  const shares = new Map<string | undefined, number>();
  for (const { id, parameters } of layers) {
    const title = assignment.get(id)?.title;
    shares.set(title, (shares.get(title) ?? 0) + parameters / all);
  }
  if (shares.size === 1 && assignment.size > 0) return `${[...shares.keys()][0]} for all layers`;
  const sorted = [...shares].sort(([, a], [, b]) => b - a);
  return sorted
    .map(([title, share], i) => {
      const part = `${share < 0.01 ? '< 1' : Math.round(100 * share)} %${i === 0 ? ' of the weights' : ''}`;
      return title === undefined ? `${part} as they are` : `${title} for ${part}`;
    })
    .join(', ');
}

/** For each layer, by its id, a name that selects it alone; a layer that no name tells from all others has none. */
export const exactNames = (layers: readonly Layer[]): ReadonlyMap<string, string> =>
  new Map(
    layers.flatMap((layer) => {
      const name = ownPattern(layer, layers);
      return name === undefined ? [] : [[layer.id, name] as const];
    }),
  );
