import type { NodeProto, TensorProto } from 'onnx-buf';
import { intOf } from './onnx/attributes';
import { resolve, type Scope } from './scopes';

/** A weight that one node holds as packed codes, with their scales and zero points. */
export interface PackedWeight {
  /** [out, in] */
  readonly shape: readonly [number, number];
  readonly form: string;
  /** Codes first. */
  readonly tensors: readonly TensorProto[];
}

/** The weight of a `MatMulNBits`, whose codes are an array of bytes in the file; undefined of every other node. */
export function packedOf(node: NodeProto, scope: Scope): PackedWeight | undefined {
  if (node.domain !== 'com.microsoft' || node.opType !== 'MatMulNBits') return undefined;
  const stored = node.input.slice(1, 4).map((name) => (name === '' ? undefined : resolve(name, scope)?.tensor));
  if (!stored[0]) return undefined;
  return {
    shape: [intOf(node, 'N', 0), intOf(node, 'K', 0)],
    form: `${intOf(node, 'bits', 4)}-bit weights in groups of ${intOf(node, 'block_size', 0)}`,
    tensors: stored.filter((tensor) => tensor !== undefined),
  };
}
