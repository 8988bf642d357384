import { storedBytes } from '../model/model';
import { multiplyOn } from '../operators/product';
import { Board } from './board';
import { climbLadder, shrinkTo, tooSmall } from './budgets';
import { checkPoints } from './checkPoints';
import { Evaluator } from './evaluator';
import { exchange } from './exchange';
import { checkGoal } from './goal';
import { makeOptions, measureSensitivities, smallestPlanned } from './measureLayers';
import { quicken } from './quicken';
import type { Goal, SearchReport, SearchSettings } from './report';
import type { SearchContext } from './searchContext';
import { sampleCounts, splitForSearch } from './searchSamples';
import { SearchState } from './searchState';

/**
 * Looks for the recipe that meets a goal best, with real evaluations. It makes each layer in many forms; runs the recipes
 * that store all layers alike; measures what single layers cost; solves the knapsack of these costs for a ladder of
 * budgets; and improves the assignment at the goal's budget by exchanges between layers. What it found is checked on
 * samples that it never saw. The same seed gives the same result, where no time limit ends it.
 */
export async function search(
  goal: Goal,
  settings: SearchSettings,
  context: SearchContext,
  onReport: (report: SearchReport) => void,
): Promise<SearchReport> {
  const { given, dataset, signal, onProgress } = context;
  checkGoal(goal);
  const seed = settings.seed ?? 0;
  const { search: searched, check, same } = splitForSearch(dataset, sampleCounts(dataset), seed);
  const multiply = multiplyOn(context.factorisations.backend, signal);
  const asWritten = goal.maxLatency !== undefined;
  const running = { runtime: context.runtime, provider: context.provider, multiply, asWritten };
  const evaluator = await Evaluator.open(given, searched, running, { signal, onProgress });
  const board = new Board(
    {
      goal,
      originalBytes: storedBytes(given.model),
      original: evaluator.original.score,
      measure: evaluator.original.measure,
      metric: evaluator.original.metric,
      labelled: dataset.labels !== undefined,
      data: dataset.name,
      generated: dataset.generated,
      samples: { search: evaluator.original.samples, check: same ? 0 : check.samples },
    },
    onReport,
  );
  const state = new SearchState(board, evaluator, settings, { ...context, seed });
  try {
    await run(state);
    const checking = same ? evaluator : await Evaluator.open(given, check, running, { signal, onProgress });
    board.tell({ samples: { search: evaluator.original.samples, check: same ? 0 : checking.original.samples } });
    await checkPoints(state, checking);
    board.tell({ stage: 'done', evaluations: evaluator.evaluations }, true);
  } catch (error) {
    // A search that was cancelled keeps what it found.
    board.tell({ evaluations: evaluator.evaluations }, true);
    throw error;
  }
  return board.report;
}

async function run(state: SearchState): Promise<void> {
  const { board, limit } = state;
  const { maxLoss, maxLatency, minimise } = board.goal;
  const least = Number.isFinite(limit) ? smallestPlanned(state) : 0;
  // Known before anything is made.
  if (least > limit) board.tell({ outOfReach: { reason: tooSmall(least, limit) } }, true);
  await makeOptions(state);
  await measureSensitivities(state);
  board.tell({ stage: 'searching' });
  await climbLadder(state);
  if (maxLatency !== undefined) await quicken(state, maxLatency);
  else if (minimise === 'size' && maxLoss !== undefined) await shrinkTo(state, maxLoss);
  else await exchange(state, Math.min(limit, board.report.originalBytes));
}
