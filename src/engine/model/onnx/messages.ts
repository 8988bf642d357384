import { TensorProto_DataType as DataType } from 'onnx-buf';

/** What onnx.proto says of the messages on the way to tensors. */

export type MessageKind = 'model' | 'graph' | 'node' | 'attribute' | 'tensor' | 'sparse' | 'function' | 'training';

/** The fields (onnx.proto) that lead to tensors; all others are copied as they are. */
export const CHILDREN: Readonly<Record<MessageKind, Readonly<Record<number, MessageKind>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  training: { 1: 'graph', 2: 'graph' },
  tensor: {},
};

/** Fields that hold one tensor. Where a message has such a field twice, both are parts of the same tensor. */
export const SINGLE: Partial<Record<MessageKind, readonly number[]>> = { attribute: [5, 22], sparse: [1, 2] };

/** Fields of a TensorProto: the type of its data, where they are, and the fields that may hold them. */
export const TYPE = 2;
export const LOCATION = 14;
export const RAW = 9;
export const FLOATS = 4;
export const DOUBLES = 10;

/** Where they are packed, these fields hold the same little-endian numbers as raw_data does. */
export const PACKED = new Map<number, number>([
  [DataType.FLOAT, FLOATS],
  [DataType.COMPLEX64, FLOATS],
  [DataType.DOUBLE, DOUBLES],
  [DataType.COMPLEX128, DOUBLES],
]);
