import { applyReflectors, type Reflectors, reflect } from '../eigen/reflectors';
import { symmetricEigen } from '../eigen/symmetricEigen';
import type { Pacer } from '../progress';
import type { Dense, Products } from './products';

/** What a product takes at a time: 32 MB as float64, and two billion operations, so that a cancel is heard within a second. */
const CHUNK = 1 << 22;
const OPERATIONS = 2e9;

/**
 * Left singular vectors of `a` `[m, n]`, as rows of an orthogonal `[m, m]` matrix, by falling singular value.
 *
 * They are the eigenvectors of A·Aᵀ. Squaring in float64 costs half the digits: singular values below 1e−8·σ₁ cannot
 * be told from zero, which is below the roundoff of float32 weights. A tall matrix is first reduced to its small
 * triangle, A = Q·[R; 0], so that only an `[n, n]` problem is solved.
 */
export async function leftSingularVectors(
  products: Products,
  a: Dense,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<Float32Array<ArrayBuffer>> {
  const { rows: m, columns: n } = a;
  if (m > n) return tall(a, pacer, onProgress);
  const gram = await gramMatrix(products, a, pacer, (share) => onProgress?.(0.1 * share));
  const { vectors } = await symmetricEigen(gram, m, pacer, (share) => onProgress?.(0.1 + 0.9 * share));
  return new Float32Array(vectors);
}

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
  { values, rows: m, columns: n }: Dense,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<Float32Array<ArrayBuffer>> {
  // Columns of A as rows, so that reflections run along memory.
  const work = new Float64Array(n * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) work[j * m + i] = values[i * n + j];
  }
  const { reflectors, gram } = await triangularGram(work, m, n, pacer);
  const { vectors } = await symmetricEigen(gram, n, pacer, (share) => onProgress?.(0.1 + 0.4 * share));
  const rows = new Float64Array(m * m);
  for (let i = 0; i < n; i++) rows.set(vectors.subarray(i * n, (i + 1) * n), i * m);
  for (let i = n; i < m; i++) rows[i * m + i] = 1;
  await applyReflectors(reflectors, rows, pacer, (share) => onProgress?.(0.5 + 0.5 * share));
  return new Float32Array(rows);
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
