import type { Random } from '../core/random';
import { type Assignment, keyOfAssignment, type LayerOptions, layerBytes } from './assignments';
import type { Costs } from './costs';

/** How many exchanges an offspring makes at most. */
const MOST_SWAPS = 3;
/** Random exchanges for each offspring that is really run: the others are left by what is expected of them. */
const DRAWN = 24;

/**
 * Offspring of an assignment that stay within a budget of bytes: one to three exchanges each, one layer to an option with
 * more bytes and another to one with fewer, as in EvoPress (Sieberling et al. 2024, arXiv:2410.14649). Of many that are
 * drawn at random, those are returned that are expected to do the least damage, with some luck: the expectation is only a
 * prior, and `known` assignments are not drawn again.
 */
export function offspringOf(
  parent: Assignment,
  layers: readonly LayerOptions[],
  costs: Costs,
  budget: number,
  { count, random, known }: { readonly count: number; readonly random: Random; readonly known: ReadonlySet<string> },
): Assignment[] {
  const found = new Map<string, { readonly assignment: Assignment; readonly rank: number }>();
  const scale = Math.max(costs.total(parent), Number.MIN_VALUE);
  for (let drawn = 0; drawn < count * DRAWN; drawn++) {
    const assignment = mutated(parent, layers, budget, 1 + random.below(MOST_SWAPS), random);
    if (!assignment) continue;
    const key = keyOfAssignment(assignment);
    if (known.has(key) || found.has(key)) continue;
    // An exponential draw: something that looks 5 % worse is tried about as often as not.
    const luck = -0.05 * Math.log(1 - random.uniform());
    found.set(key, { assignment, rank: costs.change(parent, assignment) / scale - luck });
  }
  return [...found.values()]
    .sort((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ assignment }) => assignment);
}

/** Some layers to other options at random, so that the bytes stay within the budget; undefined where that fails. */
function mutated(
  parent: Assignment,
  layers: readonly LayerOptions[],
  budget: number,
  swaps: number,
  random: Random,
): Assignment | undefined {
  const child = [...parent];
  for (let swap = 0; swap < swaps; swap++) {
    const layer = random.below(layers.length);
    const { options } = layers[layer]!;
    child[layer] = random.below(options.length);
  }
  // Other layers make room.
  for (let tries = 0; layerBytes(layers, child) > budget; tries++) {
    if (tries === 4) return undefined;
    const layer = random.below(layers.length);
    const { options } = layers[layer]!;
    const lighter = options.flatMap(({ bytes }, i) => (bytes < options[child[layer]!]!.bytes ? [i] : []));
    if (lighter.length > 0) child[layer] = lighter[random.below(lighter.length)]!;
  }
  return child;
}
