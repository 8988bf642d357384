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
export function countParameters(model: Model): number {
  const counted = new Set<TensorProto>();
  let parameters = 0;
  for (const form of storedForms(model)) {
    parameters += form.parameters;
    for (const tensor of form.tensors) counted.add(tensor);
  }
  for (const scope of scopesIn(scopeOf(model))) {
    for (const node of scope.graph.node) {
      const packed = packedOf(node, scope);
      if (!packed || counted.has(packed.tensors[0]!)) continue;
      parameters += packed.shape[0] * packed.shape[1];
      for (const tensor of packed.tensors) counted.add(tensor);
    }
  }
  for (const tensor of tensorsOf(model.proto))
    if (!counted.has(tensor) && !WHOLE.includes(dtypeName(tensor.dataType))) parameters += elementsOf(tensor);
  return parameters;
}
