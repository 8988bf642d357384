/** A Cholesky factor, or where there is none. */
export type Cholesky =
  | {
      /** `[n, n]`, lower triangular with a positive diagonal, zeros above it: G = L·Lᵀ. */
      readonly lower: Float64Array<ArrayBuffer>;
      readonly failedAt?: undefined;
    }
  | {
      readonly lower?: undefined;
      /** The first row whose pivot is not above the tolerance: G is not (numerically) positive definite. */
      readonly failedAt: number;
      /** That pivot, g_ii − Σ_{k<i} l_ik²; NaN where the matrix has entries that are not finite. */
      readonly pivot: number;
    };

/**
 * Cholesky factor of the symmetric `[n, n]` matrix `g`, of which only the lower triangle is read; n³/3 operations.
 * A pivot counts as positive above `tolerance` times its own diagonal entry: what is left of a row once the rows before
 * it explain their part, which is also how much of its digits is left. Never throws: failure is an answer.
 */
export function cholesky(g: ArrayLike<number>, n: number, tolerance = 0): Cholesky {
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      const other = j * n;
      let sum = g[row + j];
      for (let k = 0; k < j; k++) sum -= lower[row + k] * lower[other + k];
      lower[row + j] = sum / lower[other + j];
    }
    let pivot = g[row + i];
    for (let k = 0; k < i; k++) pivot -= lower[row + k] * lower[row + k];
    // NaN fails every comparison, so success is what is asked for.
    if (!(pivot > tolerance * g[row + i] && pivot < Number.POSITIVE_INFINITY)) return { failedAt: i, pivot };
    lower[row + i] = Math.sqrt(pivot);
  }
  return { lower };
}
