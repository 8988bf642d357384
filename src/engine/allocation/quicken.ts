import type { Scored, SearchState } from './searchState';

/** Steps in which the largest effort that is fast enough is looked for. */
const BISECTIONS = 8;
/** Recipes that store all layers alike whose latency is measured as well. */
const ALIKE = 6;

/**
 * Looks for the largest effort whose written model is fast enough here. Effort, the multiply-adds of each layer in its
 * form at all positions, is a prior that orders assignments; the latency of each one that is tried is measured.
 */
export async function quicken(state: SearchState, maxLatency: number): Promise<void> {
  const { layers, costs, clock, limit, board } = state;
  const positions = await state.evaluator.positions(layers.map(({ layer }) => layer));
  const all = layers.reduce((sum, { options }, i) => sum + positions[i]! * options[0]!.effort, 0);
  let [low, high] = [0, 1];
  for (let step = 0; step < BISECTIONS && !clock.isPast(1); step++) {
    state.progress('search', 0.4 + (0.5 * step) / BISECTIONS, 'Timing');
    const share = step === 0 ? Math.min(1, maxLatency) : (low + high) / 2;
    const choices = costs.choices((layer, option) => positions[layer]! * layers[layer]!.options[option]!.effort);
    const chosen = state.chosenWithin(choices, share * all);
    const scored = chosen && (await state.score(chosen, 'knapsack'));
    if (!scored || (scored.bytes <= limit && (await latencyOf(state, scored)) <= maxLatency)) low = share;
    else high = share;
  }
  const alike = board.report.points
    .filter(({ from, onFront, latency }) => from === 'uniform' && onFront && latency === undefined)
    .sort((a, b) => a.damage.mean - b.damage.mean);
  const byId = new Map([...state.scored.values()].map((scored) => [scored.id, scored]));
  for (const { id } of alike.slice(0, ALIKE)) {
    if (clock.isPast(1)) return;
    state.progress('search', 0.9, 'Timing');
    await latencyOf(state, byId.get(id)!);
  }
}

async function latencyOf(state: SearchState, { id, assignment }: Scored): Promise<number> {
  const { board, evaluator, context } = state;
  const known = board.report.points[id]!.latency;
  if (known !== undefined) return known;
  const latency = await evaluator.latency(state.operatorsOf(assignment), context);
  board.amend(id, { latency });
  return latency;
}
