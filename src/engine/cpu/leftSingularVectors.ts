import type { SingularCall } from '../backend/backend';
import type { Pacer } from '../core/progress';
import { applyReflectors, type Reflectors, reflect } from '../eigen/reflectors';
import { symmetricEigen } from '../eigen/symmetricEigen';
import type { Dense, Products } from './products';

/** What a product takes at a time: 32 MB as float64, and two billion operations, so that a cancel is heard within a second. */
const CHUNK = 1 << 22;
const OPERATIONS = 2e9;

interface Found {
  /** `[count, m]`, orthonormal rows. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** All m singular values, falling. */
  readonly values: Float64Array;
}

/**
 * The leading left singular vectors of `a` `[m, n]`, and all singular values.
 *
 * They are the eigenvectors of A·Aᵀ. Squaring in float64 costs half the digits: singular values below 1e−8·σ₁ cannot
 * be told from zero, which is below the roundoff of float32 weights. A tall matrix is first reduced to its small
 * triangle, A = Q·[R; 0], so that only an `[n, n]` problem is solved.
 */
export async function leftSingularVectors(
  products: Products,
  a: Dense,
  pacer: Pacer,
  { count = a.rows, onProgress }: Omit<SingularCall, 'signal'> = {},
): Promise<Found> {
  const { rows: m, columns: n } = a;
  const wanted = (squares: Float64Array) => (typeof count === 'number' ? count : count(rootsOf(squares, m)));
  if (m > n) return tall(a, wanted, pacer, onProgress);
  const gram = await gramMatrix(products, a, pacer, (share) => onProgress?.(0.1 * share));
  const { values, vectors } = await symmetricEigen(gram, m, pacer, {
    count: wanted,
    onProgress: (share) => onProgress?.(0.1 + 0.9 * share),
  });
  return { vectors: new Float32Array(vectors), values: rootsOf(values, m) };
}

/** The singular values of m rows; roundoff below zero, and what the squares don't reach, is zero. */
const rootsOf = (squares: Float64Array, m: number): Float64Array =>
  Float64Array.from({ length: m }, (_, i) => Math.sqrt(Math.max(0, squares[i] ?? 0)));

async function gramMatrix(
  products: Products,
  { values, rows, columns }: Dense,
  pacer: Pacer,
  onProgress: (share: number) => void,
): Promise<Float64Array> {
  const gram = new Float64Array(rows * rows);
  const width = Math.max(1, Math.floor(Math.min(CHUNK / rows, OPERATIONS / (2 * rows * rows))));
  for (let from = 0; from < columns; from += width) {
    const size = Math.min(width, columns - from);
    const chunk = new Float64Array(rows * size);
    for (let i = 0; i < rows; i++) {
      chunk.set(values.subarray(i * columns + from, i * columns + from + size), i * size);
    }
    const part = await products.gram(chunk, rows, size);
    for (let at = 0; at < gram.length; at++) gram[at] += part[at];
    onProgress((from + size) / columns);
    await pacer.breathe();
  }
  return gram;
}

async function tall(
  { values: entries, rows: m, columns: n }: Dense,
  wanted: (squares: Float64Array) => number,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<Found> {
  // Columns of A as rows, so that reflections run along memory.
  const work = new Float64Array(n * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) work[j * m + i] = entries[i * n + j];
  }
  const { reflectors, gram } = await triangularGram(work, m, n, pacer);
  let count = 0;
  const { values, vectors } = await symmetricEigen(gram, n, pacer, {
    count(squares) {
      count = wanted(squares);
      return Math.min(n, count);
    },
    onProgress: (share) => onProgress?.(0.1 + 0.4 * share),
  });
  const rows = new Float64Array(count * m);
  for (let i = 0; i < Math.min(n, count); i++) rows.set(vectors.subarray(i * n, (i + 1) * n), i * m);
  for (let i = n; i < count; i++) rows[i * m + i] = 1;
  await applyReflectors(reflectors, rows, pacer, (share) => onProgress?.(0.5 + 0.5 * share));
  return { vectors: new Float32Array(rows), values: rootsOf(values, m) };
}

/** Householder QR of the matrix whose columns are the rows of `work` `[n, m]`, which becomes the reflectors; R·Rᵀ. */
async function triangularGram(
  work: Float64Array,
  m: number,
  n: number,
  pacer: Pacer,
): Promise<{ reflectors: Reflectors; gram: Float64Array }> {
  const betas = new Float64Array(n);
  // Row j: column j of R.
  const upper = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const row = j * m;
    const { alpha, beta } = reflect(work, row + j, row + m);
    upper.set(work.subarray(row, row + j), j * n);
    upper[j * n + j] = alpha;
    betas[j] = beta;
    if (beta === 0) continue;
    for (let k = j + 1; k < n; k++) {
      const other = k * m;
      let dot = 0;
      for (let c = j; c < m; c++) dot += work[row + c] * work[other + c];
      dot *= beta;
      for (let c = j; c < m; c++) work[other + c] -= dot * work[row + c];
    }
    await pacer.breathe();
  }
  const gram = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const x = upper[k * n + i];
      for (let j = 0; j <= k; j++) gram[i * n + j] += x * upper[k * n + j];
    }
    await pacer.breathe();
  }
  return { reflectors: { vectors: work, betas, size: m, count: n, offset: 0 }, gram };
}
