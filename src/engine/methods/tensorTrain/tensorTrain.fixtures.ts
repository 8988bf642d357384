import { nodeRuntime } from '../../../runtime/node';
import { createCpuBackend } from '../../cpu/backend';
import { denseOf } from '../../operators/dense/dense';
import type { Dense, FloatType, Operator } from '../../operators/operator';
import { normal } from '../../reference/random';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { type TensorTrainOptions, tensorTrain } from './tensorTrain';

export const backend = createCpuBackend(nodeRuntime());
export const context = methodContext(new Factorisations(backend));

export const leafOf = (shape: readonly number[], values: Float32Array<ArrayBuffer>, type: FloatType = 'float32') =>
  denseOf(shape, type, values);
export const random = (shape: readonly number[], seed = 1) =>
  Float32Array.from(
    normal(
      shape.reduce((all, size) => all * size, 1),
      seed,
    ),
  );

export async function made(leaf: Dense, options: TensorTrainOptions, more = {}) {
  const outcome = await tensorTrain.apply(leaf, options, { ...context, ...more });
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome;
}

export const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(
    b.reduce((sum, value, at) => sum + (a[at]! - value) ** 2, 0) / b.reduce((sum, value) => sum + value ** 2, 0),
  );

export async function errorOf(operator: Operator, leaf: Dense): Promise<number> {
  return distance(await operator.toDense(), await leaf.toDense());
}
