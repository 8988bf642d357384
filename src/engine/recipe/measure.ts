import type { Backend, Matrix } from '../backend';
import { transpose } from '../linalg/transpose';
import type { Layer } from '../model/layers';
import { type Model, readFloats } from '../model/model';
import { dense } from '../operators/dense';
import type { Dense, FloatType, Multiply } from '../operators/operator';

/** A layer's weight as an operator: [out, in], read from the model whenever it is needed. */
export function weightOf(model: Model, layer: Layer): Dense {
  return dense(
    layer.shape,
    layer.dtype as FloatType,
    async () => {
      const values = await readFloats(model, layer.tensor);
      return layer.stored === 'transposed' ? transpose(values, layer.shape[1]!, layer.shape[0]!) : values;
    },
    layer.id,
  );
}

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
