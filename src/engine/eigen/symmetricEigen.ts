import type { Pacer } from '../progress';
import { transposedProduct } from './reflectors';
import { Rotations } from './rotations';
import { tridiagonalize } from './tridiagonalize';

export interface SymmetricEigen {
  /** Falling. */
  readonly values: Float64Array;
  /** `[n, n]`; row i is the unit eigenvector of values[i]. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of the symmetric `[n, n]` matrix `g` (float64; destroyed), by Householder reduction and
 * implicit QL. Backward stable: values to about 1e−15·‖G‖, vectors orthogonal to 1e−14. About 8·n³ operations.
 */
export async function symmetricEigen(
  g: Float64Array,
  n: number,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<SymmetricEigen> {
  const { diagonal, beside, reflectors } = await tridiagonalize(g, n, pacer, (share) => onProgress?.(0.2 * share));
  const transposedQ = await transposedProduct(reflectors, pacer, (share) => onProgress?.(0.2 + 0.1 * share));
  // Row k becomes component k of every eigenvector, so that rotations work within rows.
  const padded = Math.ceil(n / 4) * 4;
  const rows = new Float64Array(padded * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) rows[k * n + i] = transposedQ[i * n + k];
    await pacer.breathe();
  }
  await diagonalize(diagonal, beside, rows, pacer, (share) => onProgress?.(0.3 + 0.7 * share));

  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j] - diagonal[i]);
  const vectors = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) vectors[i * n + k] = rows[k * n + order[i]];
    await pacer.breathe();
  }
  return { values: Float64Array.from(order, (i) => diagonal[i]), vectors };
}

/** Implicit QL with Wilkinson's shift; `d` becomes the eigenvalues, and the rotations act on the columns of `rows`. */
async function diagonalize(
  d: Float64Array,
  e: Float64Array,
  rows: Float64Array,
  pacer: Pacer,
  onProgress: (share: number) => void,
): Promise<void> {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]) + Math.abs(e[i]));
  // Comparisons with NaN are false, and would pass for convergence.
  if (!Number.isFinite(norm))
    throw new Error('The eigenvalues do not exist: the matrix has entries that are not finite.');
  // Relative to the whole matrix, not to the neighbours: nothing below its roundoff is known anyway.
  const negligible = norm * 2 ** -53;
  const rotations = new Rotations(n);
  for (let low = 0; low < n; low++) {
    // An eigenvalue settles within 2 or 3 sweeps; none is known to need 30.
    for (let sweep = 0; ; sweep++) {
      let high = low;
      while (high < n - 1 && Math.abs(e[high]) > negligible) high++;
      if (high === low) break;
      if (sweep === 60) throw new Error(`Eigenvalue ${low} of ${n} does not converge.`);
      qlSweep(d, e, low, high, rotations);
      if (rotations.full) {
        await rotations.apply(rows, pacer);
        onProgress(1 - (1 - low / n) ** 2);
      }
    }
  }
  await rotations.apply(rows, pacer);
  onProgress(1);
}

/** One QL sweep on the unreduced block low … high: chases the bulge from the bottom to the top. */
function qlSweep(d: Float64Array, e: Float64Array, low: number, high: number, rotations: Rotations): void {
  const ratio = (d[low + 1] - d[low]) / (2 * e[low]);
  const root = Math.sqrt(ratio * ratio + 1);
  let g = d[high] - d[low] + e[low] / (ratio + (ratio < 0 ? -root : root));
  let cos = 1;
  let sin = 1;
  let shift = 0;
  rotations.sweep(low, high);
  for (let i = high - 1; i >= low; i--) {
    const f = sin * e[i];
    const b = cos * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    // Both vanish only where the block splits: no rotation is needed, and the recurrence goes on from there.
    sin = r === 0 ? 0 : f / r;
    cos = r === 0 ? 1 : g / r;
    g = d[i + 1] - shift;
    const t = (d[i] - g) * sin + 2 * cos * b;
    shift = sin * t;
    d[i + 1] = g + shift;
    g = cos * t - b;
    rotations.push(cos, sin);
  }
  d[low] -= shift;
  e[low] = g;
  e[high] = 0;
}
