import { exchange } from './exchange';
import { OPTIONS_END } from './measureLayers';
import { energyOf, type Scored, type SearchState } from './searchState';

/** Budgets between the smallest file and half of the original for which a mixed recipe is drawn. */
const LADDER = 8;
/** Steps in which the smallest budget that keeps a loss is looked for. */
const BISECTIONS = 8;
/** By how much a budget shrinks once exchanges have made room. */
const SHRINK = 0.97;

/** Mixed recipes for the goal's budget, and for others from the smallest file to half of the original. */
export async function climbLadder(state: SearchState): Promise<void> {
  const { layers, board, limit, clock } = state;
  const lightest = layers.map(({ options }) =>
    options.reduce((least, { bytes }, i) => (bytes < options[least]!.bytes ? i : least), 0),
  );
  await state.score(lightest, 'knapsack');
  // Predictions are not exact: the file that is predicted to be the smallest may not be it.
  const smallest = board.report.points.reduce((least, point) => (point.bytes < least.bytes ? point : least));
  if (smallest.bytes > limit) {
    const reason = clock.isPast(OPTIONS_END)
      ? 'In the time given, no recipe was made whose file is small enough: allow more minutes.'
      : tooSmall(smallest.bytes, limit);
    board.tell({ outOfReach: { reason, nearest: smallest.id } }, true);
  }
  const { originalBytes } = board.report;
  const least = smallest.bytes;
  const most = Math.max(least, originalBytes / 2);
  const ladder = Array.from({ length: LADDER }, (_, i) => least * (most / least) ** ((i + 0.5) / LADDER));
  for (const [i, budget] of [limit, ...ladder].entries()) {
    if (budget < least || budget > originalBytes || clock.isPast(1)) continue;
    state.progress('search', (0.2 * i) / LADDER, 'Allocating');
    const assignment = await state.allocate(budget);
    if (!assignment) continue;
    const scored = await state.score(assignment, 'knapsack');
    if (i === 0) state.costs.scaleBy(assignment, energyOf(scored));
  }
}

/** Why a limit of bytes cannot be kept. */
export const tooSmall = (least: number, limit: number): string =>
  `The smallest file that the allowed methods can make has about ${Math.round(least).toLocaleString('en')} bytes, more than the ${limit.toLocaleString('en')} allowed.`;

/** Looks for the smallest budget whose recipe loses no more than `maxLoss`, and goes on below it by exchanges. */
export async function shrinkTo(state: SearchState, maxLoss: number): Promise<void> {
  const { clock, limit, board, sizes } = state;
  const keeps = ({ evaluation, bytes }: Scored) => evaluation.loss.mean <= maxLoss && bytes <= limit;
  let [low, high] = [sizes.least, board.report.originalBytes];
  for (const scored of state.scored.values()) if (keeps(scored)) high = Math.min(high, scored.bytes);
  for (let step = 0; step < BISECTIONS && high > 1.01 * low; step++) {
    if (clock.isPast(1)) return;
    state.progress('search', 0.2 + (0.2 * step) / BISECTIONS, 'Looking for the smallest budget');
    const budget = Math.floor(Math.sqrt(low * high));
    const assignment = await state.allocate(budget);
    const scored = assignment && (await state.score(assignment, 'knapsack'));
    if (scored && keeps(scored)) high = Math.min(budget, scored.bytes);
    else low = budget;
  }
  for (let budget = high; !clock.isPast(1); ) {
    budget = Math.floor(SHRINK * budget);
    const best = await exchange(state, budget, (scored) => scored.evaluation.loss.mean <= maxLoss);
    if (!best || best.evaluation.loss.mean > maxLoss) return;
    budget = Math.min(budget, best.bytes);
  }
}
