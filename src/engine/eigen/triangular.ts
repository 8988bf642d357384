/** L⁻¹ of a lower triangular `[n, n]` matrix with a diagonal free of zeros; lower triangular too. n³/3 operations. */
export function lowerInverse(lower: Float64Array, n: number): Float64Array<ArrayBuffer> {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = inverse.subarray(i * n, i * n + i + 1);
    // Row i of the inverse is (e_i − Σ_{k<i} l_ik·row k)/l_ii: whole rows are added, along memory.
    row[i] = 1;
    for (let k = 0; k < i; k++) {
      const factor = lower[i * n + k];
      const other = k * n;
      for (let j = 0; j <= k; j++) row[j] -= factor * inverse[other + j];
    }
    const unit = 1 / lower[i * n + i];
    for (let j = 0; j <= i; j++) row[j] *= unit;
  }
  return inverse;
}

/**
 * Solves L·X = B, or Lᵀ·X = B with `transposed`, for X `[n, columns]`; `b` is overwritten. Backward stable, as only
 * substitution is: use it rather than the inverse where L is close to singular. Throws a RangeError where a diagonal
 * entry is zero or not finite.
 */
export function solveLower(
  lower: ArrayLike<number>,
  n: number,
  b: Float64Array,
  columns: number,
  { transposed = false }: { transposed?: boolean } = {},
): Float64Array {
  for (let step = 0; step < n; step++) {
    const i = transposed ? n - 1 - step : step;
    const pivot = lower[i * n + i];
    if (pivot === 0 || !Number.isFinite(pivot)) throw new RangeError(`The triangular matrix is singular at row ${i}.`);
    const row = i * columns;
    for (let other = 0; other < step; other++) {
      const k = transposed ? n - 1 - other : other;
      const factor = transposed ? lower[k * n + i] : lower[i * n + k];
      if (factor === 0) continue;
      for (let c = 0; c < columns; c++) b[row + c] -= factor * b[k * columns + c];
    }
    for (let c = 0; c < columns; c++) b[row + c] /= pivot;
  }
  return b;
}
