import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { cholesky } from '../eigen/cholesky';
import { applyReflectors, type Reflectors, reflect } from '../eigen/reflectors';
import { lowerInverse } from '../eigen/triangular';

/**
 * The scaled Gram matrix of vectors of float32 is wrong by some 1e−7·√length, which the inverse of its factor multiplies
 * by 1/pivot: above this pivot the first pass leaves a deviation of at most some percent, which the second removes.
 */
const SMALLEST_PIVOT = 1e-4;
/** Above the rounding of the scaled Gram matrix, so that the shifted one is positive definite. */
const SHIFT = 1e-5;

export interface Orthonormal {
  /** `[count, length]`, orthonormal rows; the caller's to free. */
  readonly q: Matrix;
  /** `[count, count]` lower triangular with Y = L·Q: QR's R is Lᵀ. */
  readonly lower: Float64Array<ArrayBuffer>;
  /** Which algorithm it took: Cholesky breaks down where rows depend on one another. */
  readonly method: 'cholesky' | 'householder';
}

/**
 * QR of Yᵀ: an orthonormal basis Q of the rows of Y `[count, length]`, count ≤ length, and Y = L·Q. Orthonormal to some
 * roundoffs of float32 whatever Y is; rows that depend on those before get a zero on L's diagonal, and complete Q.
 *
 * CholeskyQR2: products on the backend, and `[count, count]` triangles in float64 on the host. Where rows are nearly
 * dependent, shifted passes come first; where that breaks down too, `method` says so, and Householder reflections in
 * float64 on the host take over (4·length·count² operations).
 * Throws a RangeError where count > length, or where an entry is not finite.
 */
export async function orthonormalRows(backend: Backend, y: Matrix, signal?: AbortSignal): Promise<Orthonormal> {
  if (y.rows > y.columns) throw new RangeError(`${y.rows} rows of length ${y.columns} cannot be made orthonormal.`);
  let q: Matrix | undefined;
  let lower: Float64Array<ArrayBuffer> | undefined;
  const pacer = new Pacer(signal);
  try {
    // Two passes that need no shift; each with one brings dependent rows 300 times further apart, as far as roundoff.
    for (let clean = 0, shifts = 0; clean < 2; ) {
      const step = await pass(backend, q ?? y, clean === 0 && shifts < 2, signal);
      if (!step) return await householder(backend, y, pacer);
      if (q) backend.free(q);
      q = step.q;
      lower = lower ? await multiplyLower(lower, step.lower, y.rows, pacer) : step.lower;
      if (step.shifted) shifts++;
      else clean++;
    }
    const result: Orthonormal = { q: q!, lower: lower!, method: 'cholesky' };
    q = undefined;
    return result;
  } finally {
    if (q) backend.free(q);
  }
}

/** One pass of CholeskyQR: Y·Yᵀ (+ a shift where it breaks down and may) = L·Lᵀ, Q = L⁻¹·Y; undefined where it fails. */
async function pass(backend: Backend, y: Matrix, mayShift: boolean, signal: AbortSignal | undefined) {
  const n = y.rows;
  const square = await backend.multiply(y, y, { b: true });
  let gram: Float64Array;
  try {
    gram = new Float64Array(await backend.download(square));
  } finally {
    backend.free(square);
  }
  // Rows of length 1 make the pivots comparable, and change nothing else: Cholesky doesn't care about scaling.
  const lengths = Float64Array.from({ length: n }, (_, i) => Math.sqrt(gram[i * n + i]));
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) gram[i * n + j] /= lengths[i] * lengths[j];
  let { lower } = await cholesky(gram, n, { tolerance: SMALLEST_PIVOT, signal });
  const shifted = !lower && mayShift;
  if (shifted) {
    for (let i = 0; i < n; i++) gram[i * n + i] += SHIFT;
    ({ lower } = await cholesky(gram, n, { signal }));
  }
  if (!lower) return undefined;
  const inverse = await lowerInverse(lower, n, { signal });
  const step = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      lower[i * n + j] *= lengths[i];
      step[i * n + j] = inverse[i * n + j] / lengths[j];
    }
  }
  const inverted = backend.upload(step, n, n);
  try {
    return { q: await backend.multiply(inverted, y), lower, shifted };
  } finally {
    backend.free(inverted);
  }
}

async function multiplyLower(a: Float64Array, b: Float64Array, n: number, pacer: Pacer) {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k <= i; k++) {
      const factor = a[i * n + k];
      for (let j = 0; j <= k; j++) product[i * n + j] += factor * b[k * n + j];
    }
    await pacer.breathe();
  }
  return product;
}

async function householder(backend: Backend, y: Matrix, pacer: Pacer): Promise<Orthonormal> {
  const { rows: n, columns: length } = y;
  const work = new Float64Array(await backend.download(y));
  if (!work.every(Number.isFinite)) throw new RangeError('The rows have entries that are not finite.');
  const betas = new Float64Array(n);
  const lower = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * length;
    const { alpha, beta } = reflect(work, row + i, row + length);
    for (let j = 0; j < i; j++) lower[i * n + j] = work[row + j];
    lower[i * n + i] = alpha;
    betas[i] = beta;
    if (beta === 0) continue;
    for (let k = i + 1; k < n; k++) {
      const other = k * length;
      let dot = 0;
      for (let c = i; c < length; c++) dot += work[row + c] * work[other + c];
      dot *= beta;
      for (let c = i; c < length; c++) work[other + c] -= dot * work[row + c];
    }
    await pacer.breathe();
  }
  // Row i of Q is H_0·H_1 ⋯ e_i.
  const q = new Float64Array(n * length);
  for (let i = 0; i < n; i++) q[i * length + i] = 1;
  const reflectors: Reflectors = { vectors: work, betas, size: length, count: n, offset: 0 };
  await applyReflectors(reflectors, q, pacer);
  return { q: backend.upload(new Float32Array(q), n, length), lower, method: 'householder' };
}
