import type { LongCall } from '../core/progress';
import { upperCholeskyOfInverse } from '../eigen/cholesky';
import type { InputStatistics } from '../operators/statistics';
import type { Skipped } from './method';
import { DAMPING } from './whitening';

export interface InverseFactor {
  /** Uᵀ for H⁻¹ = UᵀU, [size, size]. Row k holds the entries u_jk of the columns j before column k. */
  readonly lower: Float64Array;
  /**
   * Inputs that are always zero on the calibration data (H_jj = 0). They get a diagonal entry, and no other input
   * affects them.
   */
  readonly unseen: readonly number[];
}

/**
 * The factor by which GPTQ and SparseGPT compensate errors, from the damped H = XᵀX: where column j has an error of e,
 * each later column k changes by e/u_jj·u_jk.
 */
export async function inverseFactor(input: InputStatistics, call: LongCall = {}): Promise<InverseFactor | Skipped> {
  const { size } = input;
  const gram = (await input.gram()).slice();
  const unseen: number[] = [];
  let total = 0;
  for (let i = 0; i < size; i++) {
    if (!(gram[i * size + i]! > 0)) unseen.push(i);
    total += gram[i * size + i]!;
  }
  const mean = unseen.length === size ? 1 : total / (size - unseen.length);
  for (let i = 0; i < size; i++) {
    gram[i * size + i]! += gram[i * size + i]! > 0 ? DAMPING * mean : mean;
  }
  const { upper } = await upperCholeskyOfInverse(gram, size, { signal: call.signal });
  if (!upper) return { skipped: "the statistics of its input can't be inverted, even damped: they are not finite" };
  return { lower: transposeInPlace(upper, size), unseen };
}

function transposeInPlace(values: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const held = values[i * size + j]!;
      values[i * size + j] = values[j * size + i]!;
      values[j * size + i] = held;
    }
  }
  return values;
}
