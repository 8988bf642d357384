import type { Backend, Matrix } from '../backend';
import { transpose } from '../linalg/transpose';
import type { Layer } from '../model/layers';
import { type Model, readFloats } from '../model/model';
import { DataType } from '../model/onnx/build';
import { decodeFloats, encodeFloats } from '../model/tensors';
import { dense } from '../operators/dense';
import type { Dense, FloatType, Multiply, Operator } from '../operators/operator';

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

/** ‖W−Ŵ‖/‖W‖ of what will be stored: the operator with its leaves rounded to their type. */
export async function measureError(weight: Dense, operator: Operator, backend: Backend): Promise<number> {
  const stored = await operator.mapLeaves(async (leaf) => dense(leaf.shape, leaf.type, () => rounded(leaf)));
  return relativeError(weight, stored, backend);
}

/** ‖W−Ŵ‖/‖W‖ in the Frobenius norm, summed in float64; 0 for a zero weight. */
export async function relativeError(weight: Dense, operator: Operator, backend: Backend): Promise<number> {
  const exact = await weight.toDense();
  const approximate = await operator.toDense(multiplyOn(backend));
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < exact.length; i++) {
    difference += (exact[i]! - approximate[i]!) ** 2;
    norm += exact[i]! ** 2;
  }
  if (!Number.isFinite(difference)) throw new Error(`The factors of ${weight.key ?? 'a weight'} are not finite.`);
  return norm === 0 ? 0 : Math.sqrt(difference / norm);
}

async function rounded(leaf: Dense): Promise<Float32Array<ArrayBuffer>> {
  const values = await leaf.toDense();
  if (leaf.type === 'float32') return values;
  return decodeFloats(encodeFloats(values, DataType.FLOAT16), DataType.FLOAT16, 'factor');
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
