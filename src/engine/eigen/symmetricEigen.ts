import type { Count } from '../backend/backend';
import type { Pacer } from '../core/progress';
import { divideAndConquer, type Eigenpairs } from './divideAndConquer';
import { applyReflectors } from './reflectors';
import { tridiagonalize } from './tridiagonalize';

/**
 * Eigenvalues and the leading eigenvectors of the symmetric `[n, n]` matrix `g` (float64, destroyed; only the lower
 * triangle is read), at any scale. Backward stable: values to about 1e−15·‖G‖, vectors orthogonal to 1e−14. Each vector
 * is the same, bit for bit, whatever their number. Throws where an entry is not finite.
 *
 * 4/3·n³ operations for the values; for the vectors some n³/4 + n²·count, and 2·n²·count to turn them back. Measured for
 * n = 768 (one thread, user and system time): 0.12 s for the tridiagonal matrix, 0.24 s in all with 192 vectors, 0.42 s
 * with all. Implicit QL, which turns all vectors at every rotation, took 0.82 s.
 */
export async function symmetricEigen(
  g: Float64Array,
  n: number,
  pacer: Pacer,
  { count = n, onProgress }: { count?: Count; onProgress?: (share: number) => void } = {},
): Promise<Eigenpairs> {
  const scale = powerOfTwoScale(g, n);
  if (scale !== 1) for (let i = 0; i < g.length; i++) g[i] *= scale;
  const { diagonal, beside, reflectors } = await tridiagonalize(g, n, pacer, (share) => onProgress?.(0.5 * share));
  const { values, vectors } = await divideAndConquer(diagonal, beside, count, pacer, (share) =>
    onProgress?.(0.5 + 0.3 * share),
  );
  await applyReflectors(reflectors, vectors, pacer, (share) => onProgress?.(0.8 + 0.2 * share));
  onProgress?.(1);
  return { values: scale === 1 ? values : values.map((value) => value / scale), vectors };
}

/** The power of two that brings the largest magnitude of the lower triangle into (½, 1]. */
function powerOfTwoScale(g: Float64Array, n: number): number {
  let largest = 0;
  for (let i = 0; i < n; i++) {
    for (let at = i * n; at <= i * n + i; at++) {
      // NaN is kept: a comparison would skip it.
      largest = Math.max(largest, Math.abs(g[at]));
    }
  }
  if (!Number.isFinite(largest)) {
    throw new Error('The eigenvalues do not exist: the matrix has entries that are not finite.');
  }
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}
