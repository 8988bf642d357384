import { ranked } from './board';
import type { Evaluator } from './evaluator';
import type { SearchPoint, SearchReport } from './report';
import type { SearchState } from './searchState';

/** Points that are checked on samples which the search never saw; more where none of them is the best. */
const CHECKED = 10;

/**
 * Checks the best points on other samples, until the best one that is left has been checked, and then others of the
 * front. Where none of them meets the goal, says so.
 */
export async function checkPoints(state: SearchState, evaluator: Evaluator): Promise<void> {
  const { board, scored, context } = state;
  board.tell({ stage: 'checking' });
  const byId = new Map([...scored.values()].map((one) => [one.id, one]));
  for (let checked = 0; ; checked++) {
    const next = bestToCheck(board.report) ?? (checked < CHECKED ? frontToCheck(board.report) : undefined);
    if (!next) break;
    state.progress('search', 0.95, 'Checking');
    const { assignment } = byId.get(next.id)!;
    const { damage, loss } = await evaluator.evaluate(state.operatorsOf(assignment), undefined, context);
    board.amend(next.id, { checked: { damage, loss } });
  }
  const { best, outOfReach } = board.report;
  if (best === undefined && !outOfReach) board.tell({ outOfReach: missed(board.report, state.limit) }, true);
}

/** The best point that meets the goal as far as is known, where it has not been checked. */
function bestToCheck({ points, goal }: SearchReport): SearchPoint | undefined {
  // As if none had been checked, so that the order is that of the goal.
  const [best] = ranked(
    points.map(({ checked: _, ...point }) => point),
    goal,
  );
  return best && !points[best.id]!.checked ? points[best.id] : undefined;
}

/** The smallest point of the front that has not been checked. */
const frontToCheck = ({ points }: SearchReport): SearchPoint | undefined =>
  points.filter(({ onFront, checked }) => onFront && !checked).sort((a, b) => a.bytes - b.bytes)[0];

/** Why no point meets the goal, and the one that comes nearest. */
function missed({ points, goal }: SearchReport, limit: number): SearchReport['outOfReach'] {
  const least = (of: readonly SearchPoint[], figure: (point: SearchPoint) => number) =>
    of.length === 0 ? undefined : of.reduce((best, one) => (figure(one) < figure(best) ? one : best)).id;
  const isLate = goal.maxLatency !== undefined;
  const fitting = points.filter(({ bytes }) => bytes <= limit);
  const nearest = isLate
    ? least(points, ({ latency = Number.POSITIVE_INFINITY }) => latency)
    : (least(fitting, ({ loss, checked }) => (checked?.loss ?? loss).mean) ?? least(points, ({ bytes }) => bytes));
  return {
    reason: isLate
      ? 'No recipe that was tried is as fast as was asked for.'
      : 'No recipe that was tried keeps all limits.',
    ...(nearest !== undefined && { nearest }),
  };
}
