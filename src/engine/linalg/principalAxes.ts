import type { Backend, Matrix, SingularCall, SingularVectors } from '../backend/backend';
import { Pacer } from '../core/progress';
import { Held } from './held';

export interface PrincipalAxes {
  /** `[k, k]` orthogonal; row i is the i-th left singular vector. */
  readonly basis: Float32Array<ArrayBuffer>;
  /** basis·A, `[k, l]`. */
  readonly product: Float32Array<ArrayBuffer>;
  /** Euclidean norms of the product's rows, falling: the singular values. */
  readonly norms: Float64Array;
}

/** The short side's basis alone. */
export interface SingularBasis {
  /** `[count or more, k]`, orthonormal rows: the leading left singular vectors. */
  readonly basis: Float32Array<ArrayBuffer>;
  /** All k singular values, falling. */
  readonly values: Float64Array;
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
  call: SingularCall = {},
): Promise<PrincipalAxes> {
  const held = new Held(backend);
  try {
    const a = held.hold(backend.upload(values, k, l));
    return await read(backend, held, a, await axesOf(backend, held, a, call), call);
  } finally {
    held.freeAll();
  }
}

/** As `principalAxes`, but the basis alone, as far as `count` says; a product is made only to read the values from. */
export async function singularBasis(
  backend: Backend,
  matrix: Float32Array,
  k: number,
  l: number,
  call: SingularCall = {},
): Promise<SingularBasis> {
  const held = new Held(backend);
  try {
    const a = held.hold(backend.upload(matrix, k, l));
    const axes = await axesOf(backend, held, a, call);
    if (axes.values) {
      const basis = await backend.download(axes.vectors);
      orient(basis, new Float32Array(), axes.vectors.rows);
      call.onProgress?.(1);
      return { basis, values: axes.values };
    }
    const { basis, norms } = await read(backend, held, a, axes, call);
    return { basis, values: norms };
  } finally {
    held.freeAll();
  }
}

/** The vectors, polished where the backend's own are rough. */
async function axesOf(backend: Backend, held: Held, a: Matrix, { count, signal, onProgress }: SingularCall) {
  const found = await backend.leftSingularVectors(a, {
    count,
    signal,
    onProgress: (share) => onProgress?.(0.95 * share),
  });
  held.hold(found.vectors);
  signal?.throwIfAborted();
  return { values: found.values, vectors: await orthonormal(backend, held, found) };
}

async function read(
  backend: Backend,
  held: Held,
  a: Matrix,
  { vectors }: Pick<SingularVectors, 'vectors'>,
  { signal, onProgress }: SingularCall,
): Promise<PrincipalAxes> {
  const basis = await backend.download(vectors);
  const product = await backend.download(held.hold(await backend.multiply(vectors, a)));
  signal?.throwIfAborted();
  const norms = await rowNorms(product, vectors.rows, a.columns, new Pacer(signal));
  onProgress?.(1);
  return arranged(basis, product, norms);
}

/** The vectors as they are where they are orthonormal already, else polished; held either way. */
export async function orthonormal(backend: Backend, held: Held, { vectors, values }: SingularVectors): Promise<Matrix> {
  if (values) return vectors;
  const polished = held.hold(await polish(backend, vectors));
  held.free(vectors);
  return polished;
}

/** One Newton–Schulz step towards the nearest orthogonal matrix, (1.5·I − 0.5·J·Jᵀ)·J: a deviation δ becomes ¾·δ². */
async function polish(backend: Backend, j: Matrix): Promise<Matrix> {
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
