import type { Backend, BackendWeight, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { quantile } from '../core/quantile';
import { seeded } from '../core/random';
import { filled } from '../operators/filled';
import { matrixOf, type Operator } from '../operators/operator';
import { randomValues } from '../operators/randomContents';
import type { DenseSizes, KeptDense } from './keptDense';

/** How long one product of a layer takes for a number of tokens, in a form and with the dense weight. */
export interface LayerTime {
  readonly tokens: number;
  readonly ms: number;
  readonly denseMs: number;
  /** Set where the product would have taken too long. It was measured with fewer tokens, and the times are scaled. */
  readonly estimated?: true;
}

export interface MeasureLayerCall {
  readonly signal?: AbortSignal | undefined;
  /** Called after each number of tokens with the times so far, until all are measured for the first time. */
  readonly onTimes?: ((times: readonly LayerTime[]) => void) | undefined;
  /** The operator is a plan. It is measured with random contents, since only its sizes decide on the time. */
  readonly planned?: boolean;
  /** Milliseconds for all measurements, where single products are short. Usually `BUDGET_MS`. */
  readonly budgetMs?: number;
  /** Milliseconds to measure everything once more, with more rounds, so that the times are steadier. Usually none. */
  readonly steadyMs?: number;
}

/** Times are to be seen 150 ms after a slider rests: the wait that finds the rest, the messages and the drawing need theirs. */
export const BUDGET_MS = 50;
export const TOKEN_COUNTS = [1, 16, 256];

/** A product that would take longer is measured with fewer tokens, since an abort is not noticed during a product. */
const LONGEST_MS = 30;
/** Short products are repeated in a sample, since clocks have steps of up to 0.1 ms. */
const SAMPLE_MS = 0.5;
const MOST_REPEATS = 64;
const MOST_ROUNDS = 9;

/**
 * Measures products with an operator and with the dense weight that it stands for, on this backend. Both take turns,
 * and the times are medians. Small numbers of tokens come first. After an abort it throws the signal's reason as soon
 * as the product at work ends.
 */
export async function measureLayer(
  kept: KeptDense,
  operator: Operator,
  sizes: DenseSizes,
  tokens: readonly number[] = TOKEN_COUNTS,
  { signal, onTimes, planned = false, budgetMs = BUDGET_MS, steadyMs }: MeasureLayerCall = {},
): Promise<readonly LayerTime[]> {
  signal?.throwIfAborted();
  const { backend } = kept;
  const [, columns] = matrixOf(sizes.shape);
  const counts = [...tokens].sort((a, b) => a - b);
  return kept.use(sizes, async (dense) => {
    const pacer = new Pacer(signal, 0);
    await pacer.breathe();
    const weight = await backend.prepare(planned ? filled(operator, seeded(1)) : operator);
    const pass = async (ms: number, onTimes?: MeasureLayerCall['onTimes']) => {
      const began = performance.now();
      const times: LayerTime[] = [];
      for (const [i, count] of counts.entries()) {
        const deadline = began + (ms * (i + 1)) / counts.length;
        const timed = await inTurns(backend, [dense, weight], columns, count, times.at(-1), deadline, pacer, signal);
        const share = count / timed.tokens;
        times.push({
          tokens: count,
          ms: timed.ms * share,
          denseMs: timed.denseMs * share,
          ...(share > 1 && { estimated: true as const }),
        });
        onTimes?.([...times]);
      }
      return times;
    };
    try {
      const first = await pass(budgetMs, onTimes);
      return steadyMs === undefined ? first : await pass(steadyMs);
    } finally {
      weight.free();
    }
  });
}

interface Timed {
  readonly tokens: number;
  readonly ms: number;
  readonly denseMs: number;
}

/**
 * The median times of products of `count` tokens, or of as many as are affordable. The first products warm up. They are
 * the result where no time is left.
 */
async function inTurns(
  backend: Backend,
  weights: readonly BackendWeight[],
  columns: number,
  count: number,
  before: Timed | undefined,
  deadline: number,
  pacer: Pacer,
  signal: AbortSignal | undefined,
): Promise<Timed> {
  let known = before;
  for (;;) {
    const tokens = Math.min(count, affordable(known) ?? count);
    const x = backend.upload(randomValues(seeded(2), tokens * columns), tokens, columns);
    try {
      const first = await eachOnce(weights, [1, 1], x, pacer, signal);
      const found: Timed = { tokens, denseMs: first[0]!, ms: first[1]! };
      // Time may grow more slowly than the number of tokens: this looks again where many more tokens are then
      // affordable.
      const next = Math.min(count, affordable(found)!);
      if (tokens < count && next >= 2 * tokens) {
        known = found;
        continue;
      }
      const repeats = first.map((ms) => Math.max(1, Math.min(MOST_REPEATS, Math.floor(SAMPLE_MS / ms))));
      const samples: number[][] = [];
      while (samples.length < MOST_ROUNDS && performance.now() < deadline) {
        samples.push(await eachOnce(weights, repeats, x, pacer, signal));
      }
      if (samples.length === 0) return found;
      const median = (k: number) =>
        quantile(
          samples.map((sample) => sample[k]!),
          0.5,
        );
      return { tokens, denseMs: median(0), ms: median(1) };
    } finally {
      backend.free(x);
    }
  }
}

async function eachOnce(
  weights: readonly BackendWeight[],
  repeats: readonly number[],
  x: Matrix,
  pacer: Pacer,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const times: number[] = [];
  for (const [k, weight] of weights.entries()) {
    await pacer.breathe();
    times.push(await weight.time(x, repeats[k]!, { signal }));
  }
  return times;
}

/** How many tokens are affordable, if time grows in proportion. */
const affordable = (known: Timed | undefined): number | undefined =>
  known && Math.max(1, Math.floor((known.tokens * LONGEST_MS) / Math.max(known.ms, known.denseMs)));
