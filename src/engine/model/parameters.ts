import type { TensorProto } from 'onnx-buf';
import { storedForms } from './forms';
import { type Model, tensorsOf } from './model';
import { packedOf } from './packed';
import { scopeOf, scopesIn } from './scopes';
import { dtypeName, elementsOf } from './tensors';

const WHOLE = ['int32', 'int64', 'uint32', 'uint64', 'bool', 'string'];

/**
 * Numbers that the model computes with: elements of all floating-point and quantised constants. A weight that was
 * compressed counts as its form says, and packed codes count one by one, scales and zero points not at all.
 */
export const countParameters = (model: Model): number =>
  [...parametersOf(model).values()].reduce((sum, count) => sum + count, 0);

/** The same by tensor: the first tensor that a form or packed codes are stored in counts for all of them. */
export function parametersOf(model: Model): Map<TensorProto, number> {
  const counts = new Map<TensorProto, number>();
  const count = (tensors: readonly TensorProto[], parameters: number) => {
    for (const [i, tensor] of tensors.entries()) counts.set(tensor, i === 0 ? parameters : 0);
  };
  for (const form of storedForms(model)) count(form.tensors, form.parameters);
  for (const scope of scopesIn(scopeOf(model))) {
    for (const node of scope.graph.node) {
      const packed = packedOf(node, scope);
      if (packed && !counts.has(packed.tensors[0]!)) count(packed.tensors, packed.shape[0] * packed.shape[1]);
    }
  }
  for (const tensor of tensorsOf(model.proto))
    if (!counts.has(tensor) && !WHOLE.includes(dtypeName(tensor.dataType))) counts.set(tensor, elementsOf(tensor));
  return counts;
}
