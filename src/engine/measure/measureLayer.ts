import type { Backend, BackendWeight, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { quantile } from '../core/quantile';
import { seeded } from '../core/random';
import { plannedDense } from '../operators/dense/dense';
import { filled } from '../operators/filled';
import { type FloatType, matrixOf, type Operator } from '../operators/operator';
import { randomValues } from '../operators/randomContents';

/** How long a layer's product takes in a form, and with the dense weight, for so many tokens. */
export interface LayerTime {
  readonly tokens: number;
  readonly ms: number;
  readonly denseMs: number;
  /** Measured with fewer tokens, as all of them would have taken too long: the times are those, by tokens. */
  readonly estimated?: true;
}

export interface MeasureLayerCall {
  readonly signal?: AbortSignal | undefined;
  /** Told after each number of tokens: the figures so far. */
  readonly onTimes?: ((times: readonly LayerTime[]) => void) | undefined;
  /** The operator is a plan: random contents of its sizes are measured, as only sizes decide on the time. */
  readonly planned?: boolean;
  /** Milliseconds that all of it may take, where no single product takes as long; usually `BUDGET_MS`. */
  readonly budgetMs?: number;
}

export const BUDGET_MS = 110;
export const TOKEN_COUNTS = [1, 16, 256];

/** A product that would run longer is measured with fewer tokens: nothing else is heard meanwhile. */
const LONGEST_MS = 30;
/** A sample repeats short products, as clocks tick in steps of up to 0.1 ms. */
const SAMPLE_MS = 0.5;
const MOST_REPEATS = 64;
const MOST_ROUNDS = 9;

/**
 * Measures products with an operator beside the dense weight that it stands for, on this backend: medians of rounds in which
 * both take turns. Small numbers of tokens come first. Throws the signal's reason as soon as a product at work ends.
 */
export async function measureLayer(
  backend: Backend,
  operator: Operator,
  dense: { readonly shape: readonly number[]; readonly type: FloatType },
  tokens: readonly number[] = TOKEN_COUNTS,
  { signal, onTimes, planned = false, budgetMs = BUDGET_MS }: MeasureLayerCall = {},
): Promise<readonly LayerTime[]> {
  const began = performance.now();
  const random = seeded(1);
  const pacer = new Pacer(signal, 0);
  await pacer.breathe();
  const held: BackendWeight[] = [];
  try {
    held.push(await backend.prepare(filled(plannedDense(dense.shape, dense.type), random)));
    await pacer.breathe();
    held.push(await backend.prepare(planned ? filled(operator, random) : operator));
    const [, columns] = matrixOf(dense.shape);
    const times: LayerTime[] = [];
    for (const [i, count] of [...tokens].sort((a, b) => a - b).entries()) {
      const deadline = began + (budgetMs * (i + 1)) / tokens.length;
      const timed = await inTurns(backend, held, columns, count, times.at(-1), deadline, pacer, signal);
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
  } finally {
    for (const weight of held) weight.free();
  }
}

interface Timed {
  readonly tokens: number;
  readonly ms: number;
  readonly denseMs: number;
}

/**
 * The median times of the products of `count` tokens, or of as many as end in time. The first products warm up, and stand
 * for themselves where no time is left.
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
      // More tokens may take less than in proportion: another look, where that lets many more of them in.
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

/** Tokens whose product ends in time, if time grows as their number does. */
const affordable = (known: Timed | undefined): number | undefined =>
  known && Math.max(1, Math.floor((known.tokens * LONGEST_MS) / Math.max(known.ms, known.denseMs)));
