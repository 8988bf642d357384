import { type Assignment, keyOfAssignment } from './assignments';
import { energyOf, type Scored, type SearchState } from './searchState';
import { offspringOf } from './swaps';

/** Offspring of a generation, and how many of them are run on all samples. */
const OFFSPRING = 8;
const SURVIVORS = 3;
/** Generations without a better assignment after which the search ends. */
const PATIENCE = 8;
const MOST_GENERATIONS = 60;
/** How much worse than its parent an assignment may be on a few samples to be run on all. */
const NEARLY = 1.02;

/**
 * Improves the best assignment of at most so many bytes by exchanges between layers. Offspring run on a few samples, the
 * best of them on all; what they did corrects what is expected of others. Ends where several generations bring nothing
 * better, or at once where `enough` holds.
 */
export async function exchange(
  state: SearchState,
  bytes: number,
  enough: (best: Scored) => boolean = () => false,
): Promise<Scored | undefined> {
  const first = await state.allocate(bytes);
  if (first) await state.score(first, 'knapsack');
  let parent = state.bestWithin(bytes);
  if (!parent) return undefined;
  state.costs.scaleBy(parent.assignment, energyOf(parent));
  const known = new Set(state.scored.keys());
  for (let generation = 0, idle = 0; generation < MOST_GENERATIONS && idle < PATIENCE; generation++, idle++) {
    if (enough(parent) || state.clock.isPast(1)) break;
    state.progress('search', 0.4 + (0.6 * idle) / PATIENCE, 'Exchanging layers');
    const best = await nextGeneration(state, parent, bytes, known);
    if (best !== parent) idle = -1;
    parent = best;
  }
  return parent;
}

/** The best of a parent and its offspring. */
async function nextGeneration(state: SearchState, parent: Scored, bytes: number, known: Set<string>): Promise<Scored> {
  const { layers, costs, random, evaluator, sizes, clock, context } = state;
  const few = Math.ceil(evaluator.batches / 4);
  const before = parent.evaluation.energies[few - 1]!;
  const drawn = { count: OFFSPRING, random, known };
  const offspring = offspringOf(parent.assignment, layers, costs, sizes.layerBudget(bytes), drawn);
  // The costs have been corrected since the last time.
  const allocated = await state.allocate(bytes);
  if (allocated && !known.has(keyOfAssignment(allocated))) offspring.unshift(allocated);
  const tried: { readonly assignment: Assignment; readonly energy: number }[] = [];
  for (const assignment of offspring) {
    if (clock.isPast(1)) break;
    known.add(keyOfAssignment(assignment));
    const { energies } = await evaluator.evaluate(state.operatorsOf(assignment), few, context);
    const energy = energies.at(-1)!;
    costs.learn(parent.assignment, assignment, energy - before);
    tried.push({ assignment, energy });
  }
  tried.sort((a, b) => a.energy - b.energy);
  let best = parent;
  for (const { assignment, energy } of tried.slice(0, SURVIVORS)) {
    if (energy > NEARLY * before) break;
    if (!(await sizes.fits(assignment, bytes))) continue;
    const scored = await state.score(assignment, 'swaps', undefined, energyOf(best));
    if (energyOf(scored) < energyOf(best)) best = scored;
  }
  return best;
}
