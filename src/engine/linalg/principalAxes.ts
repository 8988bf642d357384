import type { Backend, Matrix } from '../backend';
import { Pacer } from '../progress';

export interface PrincipalAxes {
  /** `[k, k]` orthogonal; row i is the i-th left singular vector. */
  readonly basis: Float32Array<ArrayBuffer>;
  /** basis·A, `[k, l]`. */
  readonly product: Float32Array<ArrayBuffer>;
  /** Euclidean norms of the product's rows, falling: the singular values. */
  readonly norms: Float64Array;
}

/**
 * Left singular vectors of `values` `[k, l]` (largest magnitude about 1), orthogonal to float32 roundoff, and
 * the singular values read from the product: then what a truncation drops, Σ_{i≥r} ‖p_i‖², is exactly what it errs by,
 * ‖A − U_r·U_rᵀ·A‖², whatever the accuracy of the vectors.
 */
export async function principalAxes(
  backend: Backend,
  values: Float32Array,
  k: number,
  l: number,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: ((share: number) => void) | undefined },
): Promise<PrincipalAxes> {
  const held: Matrix[] = [];
  const hold = <T extends Matrix>(matrix: T): T => {
    held.push(matrix);
    return matrix;
  };
  try {
    const a = hold(backend.upload(values, k, l));
    const rough = hold(
      await backend.leftSingularVectors(a, { signal, onProgress: (share) => onProgress?.(0.95 * share) }),
    );
    signal?.throwIfAborted();
    const polished = hold(await polish(backend, rough));
    const basis = await backend.download(polished);
    const product = await backend.download(hold(await backend.multiply(polished, a)));
    signal?.throwIfAborted();
    const norms = await rowNorms(product, k, l, new Pacer(signal));
    onProgress?.(1);
    return arranged(basis, product, norms);
  } finally {
    backend.free(...held);
  }
}

/** One Newton–Schulz step towards the nearest orthogonal matrix, (1.5·I − 0.5·J·Jᵀ)·J: a deviation δ becomes ¾·δ². */
export async function polish(backend: Backend, j: Matrix): Promise<Matrix> {
  const gram = await backend.multiply(j, j, { b: true });
  const values = await backend.download(gram);
  backend.free(gram);
  const k = j.rows;
  for (let i = 0; i < values.length; i++) values[i] *= -0.5;
  for (let i = 0; i < k; i++) values[i * k + i] += 1.5;
  const step = backend.upload(values, k, k);
  try {
    return await backend.multiply(step, j);
  } finally {
    backend.free(step);
  }
}

export async function rowNorms(
  values: Float32Array,
  rows: number,
  columns: number,
  pacer: Pacer,
): Promise<Float64Array> {
  const norms = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    // Two sums: one would wait for each addition before the next.
    let even = 0;
    let odd = 0;
    const end = (i + 1) * columns;
    let at = i * columns;
    for (; at + 1 < end; at += 2) {
      even += values[at] * values[at];
      odd += values[at + 1] * values[at + 1];
    }
    if (at < end) even += values[at] * values[at];
    norms[i] = Math.sqrt(even + odd);
    await pacer.breathe();
  }
  return norms;
}

/**
 * Singular vectors `basis` `[count, …]` and their images `product` `[count, …]` in one order and with one sign, whichever
 * backend they are from: by falling norm (close singular values may come in the wrong order by their roundoff), and,
 * as a sign is free, with the basis entry of largest magnitude positive. Changes the arrays, or returns new ones.
 */
export function arranged(
  basis: Float32Array<ArrayBuffer>,
  product: Float32Array<ArrayBuffer>,
  norms: Float64Array,
): PrincipalAxes {
  orient(basis, product, norms.length);
  const order = Array.from(norms.keys()).sort((i, j) => norms[j] - norms[i]);
  if (order.every((row, i) => row === i)) return { basis, product, norms };
  const permuted = (matrix: Float32Array<ArrayBuffer>) => {
    const columns = matrix.length / norms.length;
    const result = new Float32Array(matrix.length);
    order.forEach((row, i) => {
      result.set(matrix.subarray(row * columns, (row + 1) * columns), i * columns);
    });
    return result;
  };
  return { basis: permuted(basis), product: permuted(product), norms: Float64Array.from(order, (row) => norms[row]) };
}

function orient(basis: Float32Array, product: Float32Array, count: number): void {
  const k = basis.length / count;
  const l = product.length / count;
  for (let i = 0; i < count; i++) {
    let largest = 0;
    for (let at = i * k; at < (i + 1) * k; at++) if (Math.abs(basis[at]) > Math.abs(largest)) largest = basis[at];
    if (largest >= 0) continue;
    for (let at = i * k; at < (i + 1) * k; at++) basis[at] = -basis[at];
    for (let at = i * l; at < (i + 1) * l; at++) product[at] = -product[at];
  }
}
