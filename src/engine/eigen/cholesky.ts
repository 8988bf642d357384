import { type LongCall, Pacer } from '../core/progress';
import { subtractProduct } from './subtractProduct';
import { BLOCK, lowerInverse, substitute } from './triangular';

/** The answer where there is no factor: G is not (numerically) positive definite. */
export interface NotPositiveDefinite {
  readonly lower?: undefined;
  readonly upper?: undefined;
  /** The row and column of G whose pivot is not above the tolerance: the first one in the order of elimination. */
  readonly failedAt: number;
  /** That pivot; NaN where the matrix has entries that are not finite. */
  readonly pivot: number;
}

/** A Cholesky factor, or the row at which it does not exist. */
export type Cholesky =
  | {
      /** `[n, n]` row-major, lower triangular with a positive diagonal, zeros above it: G = L·Lᵀ. */
      readonly lower: Float64Array<ArrayBuffer>;
      readonly failedAt?: undefined;
      readonly pivot?: undefined;
    }
  | NotPositiveDefinite;

/** The upper factor of an inverse, or the row at which it does not exist. */
export type UpperCholesky =
  | {
      /** `[n, n]` row-major, upper triangular with a positive diagonal, zeros below it: H⁻¹ = Uᵀ·U. */
      readonly upper: Float64Array<ArrayBuffer>;
      readonly failedAt?: undefined;
      readonly pivot?: undefined;
    }
  | NotPositiveDefinite;

export interface CholeskyOptions extends LongCall {
  /**
   * A pivot counts as positive if it is above `tolerance` times its own diagonal entry. A pivot over its diagonal entry is
   * the part of the row that earlier rows do not explain, and the part of its precision that remains. 0 by default.
   */
  readonly tolerance?: number | undefined;
}

/**
 * Cholesky factor L of the symmetric `[n, n]` row-major matrix `g`, G = L·Lᵀ. Only the lower triangle of `g` is read, and
 * it stays as it is. n³/3 operations in float64, by blocks; returns to the event loop now and then, throws the
 * signal's AbortError, and reports progress. It throws for no content of the matrix: a failure is returned.
 *
 * Each block of rows takes a triangular solve with the rows above it, X·Lᵀ = G, and then a small factorisation.
 */
export async function cholesky(g: ArrayLike<number>, n: number, call: CholeskyOptions = {}): Promise<Cholesky> {
  if (g.length !== n * n) throw new RangeError(`A [${n}, ${n}] matrix needs ${n * n} values, not ${g.length}.`);
  const lower = new Float64Array(n * n);
  const failure = await factor((i, j) => g[i * n + j], n, lower, call);
  return failure ?? { lower };
}

/**
 * U with H⁻¹ = Uᵀ·U for the symmetric positive definite `[n, n]` row-major matrix `h`, of which only the lower triangle is
 * read: the factor along which GPTQ (Frantar et al., 2023, arXiv:2210.17323) and SparseGPT (arXiv:2301.00774) pass the
 * error of a column on to later columns. They add row i of U, divided by its diagonal entry u_ii, to columns j > i.
 *
 * H⁻¹ itself is never formed: with rows and columns reversed, H = R·Rᵀ for an upper triangular R, and U = R⁻¹. That takes
 * 2n³/3 operations instead of 4n³/3. The error grows with the condition of R, which is the square root of that of H. `failedAt` counts in the
 * order of `h`; pivots are eliminated from the last to the first.
 */
export async function upperCholeskyOfInverse(
  h: ArrayLike<number>,
  n: number,
  call: CholeskyOptions = {},
): Promise<UpperCholesky> {
  if (h.length !== n * n) throw new RangeError(`A [${n}, ${n}] matrix needs ${n * n} values, not ${h.length}.`);
  const half = (from: number): LongCall => ({
    signal: call.signal,
    onProgress: ({ done, total, label }) => call.onProgress?.({ done: from + (0.5 * done) / total, total: 1, label }),
  });
  const last = n - 1;
  const lower = new Float64Array(n * n);
  // Entry (i, j) of the reversed matrix lies at (last − i, last − j), above the diagonal: its mirror image is read.
  const failure = await factor((i, j) => h[(last - j) * n + (last - i)], n, lower, { ...call, ...half(0) });
  if (failure) return { ...failure, failedAt: last - failure.failedAt };
  const inverse = await lowerInverse(lower, n, half(0.5));
  // Reversing rows and columns reverses the whole list.
  return { upper: inverse.reverse() };
}

/** Fills the lower triangle of `lower` with the factor of the matrix that `entry` gives, or returns where it fails. */
async function factor(
  entry: (i: number, j: number) => number,
  n: number,
  lower: Float64Array,
  { tolerance = 0, signal, onProgress }: CholeskyOptions,
): Promise<NotPositiveDefinite | undefined> {
  const pacer = new Pacer(signal);
  for (let top = 0; top < n; top += BLOCK) {
    const bottom = Math.min(n, top + BLOCK);
    for (let i = top; i < bottom; i++) for (let j = 0; j <= i; j++) lower[i * n + j] = entry(i, j);
    await substitute(lower, n, lower, top, bottom, 0, top, pacer);
    const rows = { values: lower, at: top * n, stride: n };
    const diagonal = { ...rows, at: top * n + top };
    // The upper half of the block is filled as well, and cleared below.
    subtractProduct(diagonal, rows, rows, bottom - top, bottom - top, top);
    for (let i = top; i < bottom; i++) {
      const row = i * n;
      for (let j = top; j < i; j++) {
        let sum = lower[row + j];
        for (let k = top; k < j; k++) sum -= lower[row + k] * lower[j * n + k];
        lower[row + j] = sum / lower[j * n + j];
      }
      let pivot = lower[row + i];
      for (let k = top; k < i; k++) pivot -= lower[row + k] * lower[row + k];
      // Comparisons with NaN are false, so the condition tests for success.
      if (!(pivot > tolerance * entry(i, i) && pivot < Number.POSITIVE_INFINITY)) return { failedAt: i, pivot };
      lower[row + i] = Math.sqrt(pivot);
      lower.fill(0, row + i + 1, row + bottom);
    }
    onProgress?.({ done: (bottom / n) ** 3, total: 1, label: 'Cholesky factor' });
    await pacer.breathe();
  }
  return undefined;
}
