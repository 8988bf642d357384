import type { Pacer } from '../core/progress';
import { type Reflectors, reflect } from './reflectors';
import { subtractProduct } from './subtractProduct';

export interface Tridiagonal {
  /** The diagonal, n entries. */
  readonly diagonal: Float64Array;
  /** The n − 1 entries beside it, and a zero. */
  readonly beside: Float64Array;
  /** G = Q·T·Qᵀ with Q = H_0·H_1 ⋯ */
  readonly reflectors: Reflectors;
}

/** Steps of a panel. */
const PANEL = 32;
/** Rows and columns of a tile of the update: a multiple of three, which `subtractProduct` takes at a time. */
const TILE = 48;

/**
 * Householder reduction of the symmetric `[n, n]` matrix `g`, of which only the lower triangle is read. `g` is
 * overwritten: its upper triangle holds the reflectors afterwards.
 *
 * By panels (Dongarra, Sorensen and Hammarling, 1989): step j needs one row of the matrix and its product with one
 * vector, and both follow from the matrix at the panel's start and the v and w of the panel's earlier steps,
 * G ← G − Vᵀ·W − Wᵀ·V. The update itself waits for the panel's end, where it is a matrix product. Only the product with
 * the vector still streams the triangle through memory.
 */
export async function tridiagonalize(
  g: Float64Array,
  n: number,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<Tridiagonal> {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const betas = new Float64Array(n);
  // Rows 2k and 2k + 1: v and w of the panel's step k, indexed like the matrix.
  const pairs = new Float64Array(2 * PANEL * n);
  const row = new Float64Array(n);
  const product = new Float64Array(n);
  for (let first = 0; first < n; first += PANEL) {
    const steps = Math.min(PANEL, n - first);
    for (let k = 0; k < steps; k++) {
      const j = first + k;
      for (let c = j; c < n; c++) row[c] = g[c * n + j];
      for (let q = 0; q < k; q++) subtractPair(row, pairs, q, n, j);
      diagonal[j] = row[j];
      if (j === n - 1) break;
      const { alpha, beta } = reflect(row, j + 1, n);
      beside[j] = alpha;
      betas[j] = beta;
      const v = pairs.subarray(2 * k * n, (2 * k + 1) * n);
      const w = pairs.subarray((2 * k + 1) * n, (2 * k + 2) * n);
      v.fill(0);
      w.fill(0);
      if (beta !== 0) {
        v.set(row.subarray(j + 1), j + 1);
        g.set(row.subarray(j + 1), j * n + j + 1);
        multiplyTriangle(g, n, j + 1, v, product);
        for (let q = 0; q < k; q++) subtractPairProduct(product, pairs, q, n, j + 1, v);
        let dot = 0;
        for (let c = j + 1; c < n; c++) dot += product[c] * v[c];
        const half = 0.5 * beta * beta * dot;
        for (let c = j + 1; c < n; c++) w[c] = beta * product[c] - half * v[c];
      }
      await pacer.breathe();
    }
    await update(g, n, first + steps, pairs, steps, pacer);
    // The cost of what is left falls with the cube of its size.
    onProgress?.(1 - (1 - (first + steps) / n) ** 3);
  }
  return { diagonal, beside, reflectors: { vectors: g, betas, size: n, count: n - 1, offset: 1 } };
}

/** Row j of the updated matrix from `from` = j on: row −= v_j·w + w_j·v, with the panel's pair q. */
function subtractPair(row: Float64Array, pairs: Float64Array, q: number, n: number, from: number): void {
  const v = 2 * q * n;
  const w = v + n;
  const vj = pairs[v + from];
  const wj = pairs[w + from];
  for (let c = from; c < n; c++) row[c] -= vj * pairs[w + c] + wj * pairs[v + c];
}

/** product −= (v·wᵀ + w·vᵀ)·x with the panel's pair q, from `from` on. */
function subtractPairProduct(
  product: Float64Array,
  pairs: Float64Array,
  q: number,
  n: number,
  from: number,
  x: Float64Array,
): void {
  const v = 2 * q * n;
  const w = v + n;
  let vx = 0;
  let wx = 0;
  for (let c = from; c < n; c++) {
    vx += pairs[v + c] * x[c];
    wx += pairs[w + c] * x[c];
  }
  for (let c = from; c < n; c++) product[c] -= pairs[v + c] * wx + pairs[w + c] * vx;
}

/**
 * y = G·x for the block of rows and columns from `from` on; only the lower triangle of G is read. Each entry left of the
 * diagonal serves twice while it is at hand: that halves the memory traffic, which is what limits this product.
 */
function multiplyTriangle(g: Float64Array, n: number, from: number, x: Float64Array, y: Float64Array): void {
  y.fill(0, from);
  let i = from;
  for (; i + 4 <= n; i += 4) {
    const g0 = i * n;
    const g1 = g0 + n;
    const g2 = g1 + n;
    const g3 = g2 + n;
    const x0 = x[i];
    const x1 = x[i + 1];
    const x2 = x[i + 2];
    const x3 = x[i + 3];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let c = from; c < i; c++) {
      const a0 = g[g0 + c];
      const a1 = g[g1 + c];
      const a2 = g[g2 + c];
      const a3 = g[g3 + c];
      const xc = x[c];
      y[c] += a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3);
      s0 += a0 * xc;
      s1 += a1 * xc;
      s2 += a2 * xc;
      s3 += a3 * xc;
    }
    y[i] += s0;
    y[i + 1] += s1;
    y[i + 2] += s2;
    y[i + 3] += s3;
    corner(g, n, i, i + 4, x, y);
  }
  for (; i < n; i++) {
    let sum = 0;
    for (let c = from; c < i; c++) {
      y[c] += g[i * n + c] * x[i];
      sum += g[i * n + c] * x[c];
    }
    y[i] += sum + g[i * n + i] * x[i];
  }
}

/** y += G·x on the square of rows and columns from … to − 1 alone. */
function corner(g: Float64Array, n: number, from: number, to: number, x: Float64Array, y: Float64Array): void {
  for (let i = from; i < to; i++) {
    y[i] += g[i * n + i] * x[i];
    for (let c = from; c < i; c++) {
      y[c] += g[i * n + c] * x[i];
      y[i] += g[i * n + c] * x[c];
    }
  }
}

/** G −= Vᵀ·W + Wᵀ·V on the lower triangle from row and column `from` on. */
async function update(
  g: Float64Array,
  n: number,
  from: number,
  pairs: Float64Array,
  steps: number,
  pacer: Pacer,
): Promise<void> {
  const size = n - from;
  const width = 2 * steps;
  // Rows of (v, w, v, w, …) and of (w, v, w, v, …): their products are the sums wanted.
  const left = new Float64Array(size * width);
  const right = new Float64Array(size * width);
  for (let p = 0; p < width; p++) {
    for (let c = 0; c < size; c++) {
      left[c * width + p] = pairs[p * n + from + c];
      right[c * width + (p ^ 1)] = left[c * width + p];
    }
  }
  for (let top = 0; top < size; top += TILE) {
    const height = Math.min(TILE, size - top);
    for (let begin = 0; begin <= top; begin += TILE) {
      const columns = Math.min(TILE, size - begin);
      subtractProduct(
        { values: g, at: (from + top) * n + from + begin, stride: n },
        { values: left, at: top * width, stride: width },
        { values: right, at: begin * width, stride: width },
        height,
        columns,
        width,
      );
    }
    await pacer.breathe();
  }
}
