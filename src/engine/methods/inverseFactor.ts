import type { LongCall } from '../core/progress';
import { upperCholeskyOfInverse } from '../eigen/cholesky';
import type { InputStatistics } from '../operators/statistics';
import type { Skipped } from './method';
import { DAMPING } from './whitening';

export interface InverseFactor {
  /** Uᵀ for H⁻¹ = UᵀU, [size, size]: row k holds what column k has from the columns before it, u_jk. */
  readonly lower: Float64Array;
  /** Inputs that calibration never saw (H_jj = 0). They are given a diagonal, and so stand by themselves. */
  readonly unseen: readonly number[];
}

/**
 * What GPTQ and SparseGPT pass the loss of a column on with, from the damped H = XᵀX: where column j errs by e, column k
 * behind it makes up for e/u_jj·u_jk.
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
