import { type LongCall, Pacer } from '../core/progress';
import { subtractProduct } from './subtractProduct';

/** Rows and columns of a block: a multiple of three, which `subtractProduct` takes at a time. */
export const BLOCK = 48;

export interface SolveOptions extends LongCall {
  /** Solves with Lᵀ in place of L. */
  readonly transposed?: boolean | undefined;
}

/**
 * Solves L·X = B, or Lᵀ·X = B with `transposed`: many right-hand sides, one to a column.
 *
 * `lower` is `[n, n]` row-major; only its lower triangle is read. `b` is `[n, columns]` row-major, stays as it is, and
 * X has its shape. n²·columns operations in float64, by blocks, some 5 GFLOP/s; returns to the event loop now and then, and
 * throws the signal's AbortError. Backward stable, as only substitution is: use it rather than the inverse where L is close to
 * singular. Throws a RangeError where a diagonal entry is zero or not finite.
 */
export async function solveLower(
  lower: Float64Array,
  n: number,
  b: ArrayLike<number>,
  columns: number,
  call: SolveOptions = {},
): Promise<Float64Array<ArrayBuffer>> {
  // L·X = B is Xᵀ·Lᵀ = Bᵀ: the one loop below goes along the rows of both.
  const rows = await transposed(b, n, columns, new Pacer(call.signal));
  await solveRows(lower, n, rows, columns, !call.transposed, call);
  return transposed(rows, columns, n, new Pacer(call.signal));
}

/**
 * Solves X·L = B, or X·Lᵀ = B with `transposed`: many right-hand sides, one to a row.
 *
 * Like `solveLower`, but `b` and X are `[rows, n]` row-major: what undoes a whitening, Ŵ = (truncated W·L)·L⁻¹.
 */
export async function solveLowerFromRight(
  lower: Float64Array,
  n: number,
  b: ArrayLike<number>,
  rows: number,
  call: SolveOptions = {},
): Promise<Float64Array<ArrayBuffer>> {
  const x = Float64Array.from(b);
  await solveRows(lower, n, x, rows, call.transposed ?? false, call);
  return x;
}

/**
 * L⁻¹ `[n, n]` of a lower triangular matrix; lower triangular too, zeros above. n³/3 operations. Throws like
 * `solveLower`.
 */
export async function lowerInverse(lower: Float64Array, n: number, call: LongCall = {}) {
  checkDiagonal(lower, n);
  const { signal, onProgress } = call;
  const pacer = new Pacer(signal);
  // X·Lᵀ = I makes X = L⁻ᵀ, whose row i begins at column i: the blocks before it are zero, and skipped.
  const x = new Float64Array(n * n);
  for (let i = 0; i < n; i++) x[i * n + i] = 1;
  for (let top = 0; top < n; top += BLOCK) {
    await substitute(lower, n, x, top, Math.min(n, top + BLOCK), top, n, pacer);
    onProgress?.({ done: 1 - (1 - (top + BLOCK) / n) ** 2, total: 1, label: 'Inverse' });
  }
  return transposed(x, n, n, pacer);
}

/** X·Lᵀ = B with `forwards`, else X·L = B; `x` `[rows, n]` holds B, and then X. */
async function solveRows(
  lower: Float64Array,
  n: number,
  x: Float64Array,
  rows: number,
  forwards: boolean,
  { signal, onProgress }: LongCall,
): Promise<void> {
  if (x.length !== rows * n)
    throw new RangeError(`Right-hand sides of a [${n}, ${n}] matrix: ${rows * n} values, not ${x.length}.`);
  checkDiagonal(lower, n);
  const pacer = new Pacer(signal);
  // Backwards, columns of L are what the rows of X meet: its transpose makes them run along memory.
  const triangle = forwards ? lower : await transposed(lower, n, n, pacer);
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(rows, top + BLOCK);
    await substitute(triangle, n, x, top, bottom, 0, n, pacer, !forwards);
    onProgress?.({ done: bottom, total: rows, label: 'Triangular solve' });
  }
}

/**
 * Rows `top` to `bottom` of X·Tᵀ = B, columns `from` to `to`, in place in `x` (rows of n). For a lower triangular T by
 * forward substitution, given that X is zero before `from`; `backwards`, from the last column to the first, for an upper
 * one, given that X is zero from `to` on. Cholesky's own loop too, which may hand the same array in as both.
 */
export async function substitute(
  triangle: Float64Array,
  n: number,
  x: Float64Array,
  top: number,
  bottom: number,
  from: number,
  to: number,
  pacer: Pacer,
  backwards = false,
): Promise<void> {
  const blocks = Math.ceil((to - from) / BLOCK);
  for (let block = 0; block < blocks; block++) {
    const left = from + BLOCK * (backwards ? blocks - 1 - block : block);
    const right = Math.min(to, left + BLOCK);
    const known = backwards ? right : from;
    subtractProduct(
      { values: x, at: top * n + left, stride: n },
      { values: x, at: top * n + known, stride: n },
      { values: triangle, at: left * n + known, stride: n },
      bottom - top,
      right - left,
      backwards ? to - right : left - from,
    );
    for (let i = top; i < bottom; i++) {
      for (let step = 0; step < right - left; step++) {
        const j = backwards ? right - 1 - step : left + step;
        const end = backwards ? right : j;
        let sum = x[i * n + j];
        for (let k = backwards ? j + 1 : left; k < end; k++) sum -= x[i * n + k] * triangle[j * n + k];
        x[i * n + j] = sum / triangle[j * n + j];
      }
    }
    await pacer.breathe();
  }
}

function checkDiagonal(lower: Float64Array, n: number): void {
  if (lower.length !== n * n) throw new RangeError(`A [${n}, ${n}] matrix needs ${n * n} values, not ${lower.length}.`);
  for (let i = 0; i < n; i++) {
    const pivot = lower[i * n + i];
    if (pivot === 0 || !Number.isFinite(pivot)) throw new RangeError(`The triangular matrix is singular at row ${i}.`);
  }
}

/** `[columns, rows]`, from tile to tile: whole columns would miss the cache at every entry. */
async function transposed(values: ArrayLike<number>, rows: number, columns: number, pacer: Pacer) {
  const result = new Float64Array(rows * columns);
  for (let top = 0; top < rows; top += BLOCK) {
    const bottom = Math.min(rows, top + BLOCK);
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(columns, left + BLOCK);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) result[j * rows + i] = values[i * columns + j];
      }
    }
    await pacer.breathe();
  }
  return result;
}
