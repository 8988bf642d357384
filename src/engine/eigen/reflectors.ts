import type { Pacer } from '../progress';

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
  // The sign that adds magnitudes: the other one would cancel.
  const alpha = head > 0 ? -Math.sqrt(head * head + tail) : Math.sqrt(head * head + tail);
  const first = head - alpha;
  vectors[at] = first;
  return { alpha, beta: 2 / (first * first + tail) };
}

/**
 * Replaces each row x of `rows` `[n, size]` by H_last ⋯ H_1·H_0·x ('forward') or H_0·H_1 ⋯ H_last·x ('backward').
 * Four rows at a time: they stay in the first-level cache for all reflectors, and share the loads of v.
 */
export async function applyReflectors(
  { vectors, betas, size, count, offset }: Reflectors,
  rows: Float64Array,
  order: 'forward' | 'backward',
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<void> {
  const total = rows.length / size;
  const padded = Math.ceil(total / 4) * 4;
  for (let group = 0; group < padded; group += 4) {
    // The last group may be short: its missing rows repeat the last one in scratch space.
    const short = group + 4 > total;
    const block = short ? new Float64Array(4 * size) : rows;
    const base = short ? 0 : group * size;
    if (short) block.set(rows.subarray(group * size));
    const r1 = base + size;
    const r2 = r1 + size;
    const r3 = r2 + size;
    for (let step = 0; step < count; step++) {
      const j = order === 'forward' ? step : count - 1 - step;
      const beta = betas[j];
      if (beta === 0) continue;
      const v = j * size;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let c = offset + j; c < size; c++) {
        const x = vectors[v + c];
        s0 += x * block[base + c];
        s1 += x * block[r1 + c];
        s2 += x * block[r2 + c];
        s3 += x * block[r3 + c];
      }
      s0 *= beta;
      s1 *= beta;
      s2 *= beta;
      s3 *= beta;
      for (let c = offset + j; c < size; c++) {
        const x = vectors[v + c];
        block[base + c] -= s0 * x;
        block[r1 + c] -= s1 * x;
        block[r2 + c] -= s2 * x;
        block[r3 + c] -= s3 * x;
      }
    }
    if (short) rows.set(block.subarray(0, (total - group) * size), group * size);
    onProgress?.(Math.min(1, (group + 4) / padded));
    await pacer.breathe();
  }
}
