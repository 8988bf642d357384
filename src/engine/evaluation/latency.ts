import { type LongCall, Pacer } from '../core/progress';
import { quantile } from '../core/quantile';
import type { HostTensor, Session } from '../runtime';
import type { LatencyReport } from './report';

export interface LatencyOptions extends LongCall {
  /** Timed runs of each session, at most. */
  readonly runs?: number;
  /** Time after which no run begins, once there were `LEAST_RUNS`. */
  readonly budgetMs?: number;
  /** Earlier timings of the first session on such feeds. They are used again while the machine is as fast as then. */
  readonly known?: readonly number[] | undefined;
}

export interface Latency {
  readonly latencyMs: { readonly before: LatencyReport; readonly after: LatencyReport };
  /** As measured, in order, in ms. */
  readonly timings: { readonly before: readonly number[]; readonly after: readonly number[] };
}

export const LATENCY_DEFAULTS = { runs: 40, budgetMs: 3000 } as const;

/** Fewer runs would not show the spread. */
export const LEAST_RUNS = 5;

// The first run allocates memory and compiles shaders on a GPU. The next ones still find cold caches.
const WARM_UPS = 3;
// Slow models have one warm-up run less: the first run holds most of the cold start.
const WARM_UP_MS = 500;

/**
 * Times two sessions on the same feeds. After warm-up runs they take turns, so that a machine which slows down affects
 * both alike. The first of each pair alternates, so that neither always runs on the cache that the other left. Where the
 * first session was timed before, a few runs check that it still takes as long; then only the second one is timed.
 */
export async function measureLatency(
  before: Session,
  after: Session,
  feeds: Readonly<Record<string, HostTensor>>,
  options: LatencyOptions = {},
): Promise<Latency> {
  const { signal, onProgress } = options;
  const runs = Math.max(1, options.runs ?? LATENCY_DEFAULTS.runs);
  const least = Math.min(runs, LEAST_RUNS);
  const budget = options.budgetMs ?? LATENCY_DEFAULTS.budgetMs;
  const pacer = new Pacer(signal);
  const timings = { before: [] as number[], after: [] as number[] };
  const sessions = { before, after };

  const time = async (which: 'before' | 'after'): Promise<number> => {
    signal?.throwIfAborted();
    const started = performance.now();
    await sessions[which].run(feeds);
    const ms = performance.now() - started;
    await pacer.breathe();
    return ms;
  };

  for (let run = 0, ms = 0; run < WARM_UPS && (run < 2 || ms < WARM_UP_MS); run++) {
    ms += await time('before');
    ms += await time('after');
  }
  const started = performance.now();
  let isKnown = false;
  for (let run = 0; run < runs; run++) {
    if (run >= least && performance.now() - started > budget) break;
    onProgress?.({ done: run, total: runs, label: 'Timing' });
    isKnown ||= run === least && options.known !== undefined && isAsFast(timings.before, options.known);
    const both = run % 2 ? (['after', 'before'] as const) : (['before', 'after'] as const);
    for (const which of isKnown ? (['after'] as const) : both) timings[which].push(await time(which));
  }
  if (isKnown) timings.before = [...options.known!];
  onProgress?.({ done: runs, total: runs, label: 'Timing' });
  return { latencyMs: { before: spread(timings.before), after: spread(timings.after) }, timings };
}

/** Whether the median of a few new timings lies where the earlier ones do. */
function isAsFast(timings: readonly number[], known: readonly number[]): boolean {
  const { median } = spread(timings);
  const { p10, p90 } = spread(known);
  return median >= p10 && median <= p90;
}

export function spread(timings: readonly number[]): LatencyReport {
  return { median: quantile(timings, 0.5), p10: quantile(timings, 0.1), p90: quantile(timings, 0.9) };
}
