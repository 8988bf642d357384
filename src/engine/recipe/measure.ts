import type { Backend, Matrix } from '../backend';
import type { Multiply } from '../operators/operator';

/** ‖A−B‖/‖W‖ in the Frobenius norm, summed in float64; 0 for a zero weight. Throws where A−B is not finite. */
export function relativeDistance(a: Float32Array, b: Float32Array, weight: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += weight[i]! ** 2;
  }
  if (!Number.isFinite(difference)) throw new Error('What stands for a weight is not finite.');
  return norm === 0 ? 0 : Math.sqrt(difference / norm);
}

/** Products on a backend, for `Operator.toDense`. */
export const multiplyOn =
  (backend: Backend): Multiply =>
  async (a, b, m, k, n) => {
    const held: Matrix[] = [];
    try {
      held.push(backend.upload(a as Float32Array, m, k));
      held.push(backend.upload(b as Float32Array, k, n));
      held.push(await backend.multiply(held[0]!, held[1]!));
      return await backend.download(held[2]!);
    } finally {
      backend.free(...held);
    }
  };
