import type { Layer } from '../model/layers';
import type { Operator } from '../operators/operator';
import type { LineStep } from '../recipe/lines';
import type { LayerOption } from './options';

/** A layer with all ways to store it; the first leaves it as it is. */
export interface LayerOptions {
  readonly layer: Layer;
  readonly options: readonly LayerOption[];
}

/** For each layer the index of its option. */
export type Assignment = readonly number[];

export const keyOfAssignment = (assignment: Assignment): string => assignment.join(' ');

/** What stands for the weights that an assignment changes. */
export function operatorsOf(layers: readonly LayerOptions[], assignment: Assignment): Map<Layer, Operator> {
  const operators = new Map<Layer, Operator>();
  for (const [i, { layer, options }] of layers.entries()) {
    const { operator } = options[assignment[i]!]!;
    if (operator) operators.set(layer, operator);
  }
  return operators;
}

/** The steps of each layer that an assignment changes. */
export const stepsOf = (
  layers: readonly LayerOptions[],
  assignment: Assignment,
): ReadonlyMap<Layer, readonly LineStep[]> =>
  new Map(layers.map(({ layer, options }, i) => [layer, options[assignment[i]!]!.steps]));

/** Bytes of all layers as predicted, with their nodes. */
export const layerBytes = (layers: readonly LayerOptions[], assignment: Assignment): number =>
  layers.reduce((sum, { options }, i) => sum + options[assignment[i]!]!.bytes, 0);

/** How many layers are listed by what stores them before the rest are only counted. */
const NAMED = 3;

/** In a few words: "mixed: 12 × 4 bits in groups of 32, 3 × rank for 25 %, 2 others". */
export function titleOf(layers: readonly LayerOptions[], assignment: Assignment): string {
  const counts = new Map<string, number>();
  for (const [i, { options }] of layers.entries()) {
    const { title } = options[assignment[i]!]!;
    counts.set(title, (counts.get(title) ?? 0) + 1);
  }
  const all = [...counts].sort((a, b) => b[1] - a[1]);
  if (all.length === 1) return `${all[0]![0]}, all layers`;
  const rest = all.slice(NAMED).reduce((sum, [, count]) => sum + count, 0);
  const named = all.slice(0, NAMED).map(([title, count]) => `${count} × ${title}`);
  return `mixed: ${[...named, ...(rest > 0 ? [`${rest} ${rest === 1 ? 'other' : 'others'}`] : [])].join('; ')}`;
}
