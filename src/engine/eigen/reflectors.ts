import type { Pacer } from '../core/progress';
import { subtractProduct } from './subtractProduct';

/**
 * Householder reflectors H_j = I − β_j·v_j·v_jᵀ. v_j is stored in row j of `vectors` `[count, size]` and is zero
 * before column `offset + j`; what the row holds there is ignored. β_j = 0 stands for the identity.
 */
export interface Reflectors {
  readonly vectors: Float64Array;
  readonly betas: Float64Array;
  readonly size: number;
  readonly count: number;
  readonly offset: number;
}

/**
 * Makes the reflector that maps x = vectors[at … end) to (alpha, 0, …, 0), overwriting x with v.
 * Returns alpha and β. A tail below 1e−70 is dropped: it is far below the roundoff of a matrix of magnitude 1, and β²,
 * which tridiagonalising needs, would overflow. Matrices of low rank leave such tails behind.
 */
export function reflect(vectors: Float64Array, at: number, end: number): { alpha: number; beta: number } {
  let tail = 0;
  for (let i = at + 1; i < end; i++) tail += vectors[i] * vectors[i];
  const head = vectors[at];
  if (tail < 1e-140) return { alpha: head, beta: 0 };
  // This sign adds magnitudes; the other one would cancel digits.
  const alpha = head > 0 ? -Math.sqrt(head * head + tail) : Math.sqrt(head * head + tail);
  const first = head - alpha;
  vectors[at] = first;
  return { alpha, beta: 2 / (first * first + tail) };
}

/** Reflectors of a block, and rows of a tile: a multiple of three, which `subtractProduct` takes at a time. */
const BLOCK = 48;

/**
 * Replaces each row x of `rows` `[n, size]` by H_0·H_1 ⋯ H_last·x.
 *
 * By blocks: H_0 ⋯ H_{k−1} = I − Vᵀ·T·V with T upper triangular (Schreiber and Van Loan, 1989), so that 48 reflectors
 * are two matrix products, which read the rows twice instead of 96 times.
 */
export async function applyReflectors(
  reflectors: Reflectors,
  rows: Float64Array,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<void> {
  for (let first = lastBlock(reflectors); first >= 0; first -= BLOCK) {
    await applyBlock(blockOf(reflectors, first), rows, 0, reflectors.size, pacer);
    onProgress?.(1 - first / reflectors.count);
  }
}

const lastBlock = ({ count }: Reflectors): number => (Math.ceil(count / BLOCK) - 1) * BLOCK;

/** Reflectors first … first + count − 1 as I − Vᵀ·T·V, from column `from` on; before it V is zero. */
interface ReflectorBlock {
  readonly from: number;
  readonly count: number;
  /** V `[count, size − from]`, and its transpose. */
  readonly v: Float64Array;
  readonly vt: Float64Array;
  /** `[count, count]`, upper triangular. */
  readonly t: Float64Array;
}

function blockOf({ vectors, betas, size, count: all, offset }: Reflectors, first: number): ReflectorBlock {
  const count = Math.min(BLOCK, all - first);
  const from = offset + first;
  const width = size - from;
  const v = new Float64Array(count * width);
  const vt = new Float64Array(width * count);
  for (let j = 0; j < count; j++) {
    const row = (first + j) * size + from;
    // β = 0 means the identity, whatever is stored; zeros keep it out of T·V.
    if (betas[first + j] === 0) continue;
    for (let c = j; c < width; c++) v[j * width + c] = vt[c * count + j] = vectors[row + c];
  }
  // −V·Vᵀ; then column j of T is β_j·(e_j − T·(V·v_j)), from the columns before it.
  const dots = new Float64Array(count * count);
  const block = { values: v, at: 0, stride: width };
  subtractProduct({ values: dots, at: 0, stride: count }, block, block, count, count, width);
  const t = new Float64Array(count * count);
  for (let j = 0; j < count; j++) {
    const beta = betas[first + j];
    t[j * count + j] = beta;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += t[i * count + k] * dots[k * count + j];
      t[i * count + j] = beta * sum;
    }
  }
  return { from, count, v, vt, t };
}

/** Rows from `firstRow` on: X ← X − (X·Vᵀ)·Tᵀ·V, which is (H_0 ⋯ H_{k−1}·Xᵀ)ᵀ. */
async function applyBlock(
  { from, count, v, vt, t }: ReflectorBlock,
  rows: Float64Array,
  firstRow: number,
  size: number,
  pacer: Pacer,
): Promise<void> {
  const total = rows.length / size;
  const width = size - from;
  const y = new Float64Array(BLOCK * count);
  const z = new Float64Array(BLOCK * count);
  for (let top = firstRow; top < total; top += BLOCK) {
    const height = Math.min(BLOCK, total - top);
    const x = { values: rows, at: top * size + from, stride: size };
    y.fill(0);
    subtractProduct({ values: y, at: 0, stride: count }, x, { values: v, at: 0, stride: width }, height, count, width);
    // y is −X·Vᵀ, z becomes X·Vᵀ·Tᵀ.
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < count; j++) {
        let sum = 0;
        for (let k = j; k < count; k++) sum -= y[i * count + k] * t[j * count + k];
        z[i * count + j] = sum;
      }
    }
    subtractProduct(x, { values: z, at: 0, stride: count }, { values: vt, at: 0, stride: count }, height, width, count);
    await pacer.breathe();
  }
}
