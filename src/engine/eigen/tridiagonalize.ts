import type { Pacer } from '../progress';
import { type Reflectors, reflect } from './reflectors';

export interface Tridiagonal {
  /** The diagonal, n entries. */
  readonly diagonal: Float64Array;
  /** The n − 1 entries beside it, and a zero. */
  readonly beside: Float64Array;
  /** G = Q·T·Qᵀ with Q = H_0·H_1 ⋯ */
  readonly reflectors: Reflectors;
}

/**
 * Householder reduction of the symmetric `[n, n]` matrix `g`, which is overwritten by the reflectors.
 *
 * Step j needs G·v, and then G ← G − v·wᵀ − w·vᵀ. Both are bound by memory, so the update of one step is done in the
 * same pass as the product of the next. The whole square is kept: half the arithmetic of one triangle would come with
 * a second, scattered stream of writes, and was slower.
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
  // v and w of the previous step, p = G·v of this one; indexed like the matrix.
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  const p = new Float64Array(n);
  const next = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    const row = j * n;
    for (let c = j; c < n; c++) g[row + c] -= v[j] * w[c] + w[j] * v[c];
    diagonal[j] = g[row + j];
    if (j === n - 1) break;
    const { alpha, beta } = reflect(g, row + j + 1, row + n);
    beside[j] = alpha;
    betas[j] = beta;
    next.fill(0);
    if (beta !== 0) next.set(g.subarray(row + j + 1, row + n), j + 1);
    updateAndMultiply(g, n, j + 1, v, w, next, p);
    let dot = 0;
    for (let c = j + 1; c < n; c++) dot += p[c] * next[c];
    const half = 0.5 * beta * beta * dot;
    for (let c = j + 1; c < n; c++) {
      v[c] = next[c];
      w[c] = beta * p[c] - half * next[c];
    }
    // The cost of what is left falls with the cube of its size.
    onProgress?.(1 - (1 - (j + 1) / n) ** 3);
    await pacer.breathe();
  }
  return { diagonal, beside, reflectors: { vectors: g, betas, size: n, count: n - 1, offset: 1 } };
}

/** On the trailing block from `from`: g −= v·wᵀ + w·vᵀ, and p = g·x. Four rows share the loads of v, w and x. */
function updateAndMultiply(
  g: Float64Array,
  n: number,
  from: number,
  v: Float64Array,
  w: Float64Array,
  x: Float64Array,
  p: Float64Array,
): void {
  let i = from;
  for (; i + 4 <= n; i += 4) {
    const g0 = i * n;
    const g1 = g0 + n;
    const g2 = g1 + n;
    const g3 = g2 + n;
    const [v0, v1, v2, v3] = [v[i], v[i + 1], v[i + 2], v[i + 3]];
    const [w0, w1, w2, w3] = [w[i], w[i + 1], w[i + 2], w[i + 3]];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let c = from; c < n; c++) {
      const vc = v[c];
      const wc = w[c];
      const xc = x[c];
      const a0 = g[g0 + c] - v0 * wc - w0 * vc;
      const a1 = g[g1 + c] - v1 * wc - w1 * vc;
      const a2 = g[g2 + c] - v2 * wc - w2 * vc;
      const a3 = g[g3 + c] - v3 * wc - w3 * vc;
      g[g0 + c] = a0;
      g[g1 + c] = a1;
      g[g2 + c] = a2;
      g[g3 + c] = a3;
      s0 += a0 * xc;
      s1 += a1 * xc;
      s2 += a2 * xc;
      s3 += a3 * xc;
    }
    p[i] = s0;
    p[i + 1] = s1;
    p[i + 2] = s2;
    p[i + 3] = s3;
  }
  for (; i < n; i++) {
    const row = i * n;
    let sum = 0;
    for (let c = from; c < n; c++) {
      const a = g[row + c] - v[i] * w[c] - w[i] * v[c];
      g[row + c] = a;
      sum += a * x[c];
    }
    p[i] = sum;
  }
}
