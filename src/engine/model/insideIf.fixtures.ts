import type { TensorProto } from 'onnx-buf';
import { DataType, graph, modelBytes, node, tensor, value } from './onnx/build';

/** Small models for tests: each holds its weight in one of the ways that real files do. */
export interface Fixture {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Shape of the model's one input `x`. */
  readonly input: readonly number[];
  readonly inputType?: 'float32' | 'int64';
  /** What `inspect` must say of its one compressible layer. */
  readonly op: string;
  readonly shape: readonly number[];
  readonly consumers?: number;
}

const FLOAT = DataType.FLOAT;

/** A product inside a branch, with its weight inside or outside. */
export function insideIf(name: string, weight: TensorProto, inner: boolean): Fixture {
  const branch = (op: string, initializers: TensorProto[]) =>
    graph({
      name: op,
      inputs: [],
      outputs: [value('branch', FLOAT)],
      nodes: [node(op, ['x', 'w'], ['branch'], {}, { name: `${op}_in` })],
      initializers,
    });
  const doubled = graph({
    name: 'otherwise',
    inputs: [],
    outputs: [value('branch', FLOAT)],
    nodes: [node('Identity', ['x'], ['branch'])],
  });
  return {
    name,
    bytes: modelBytes({
      inputs: [value('x', FLOAT, [3, 32])],
      outputs: [value('y', FLOAT)],
      nodes: [
        node('ReduceMax', ['x'], ['top'], { keepdims: 0 }),
        node('Greater', ['top', 'limit'], ['go']),
        node(
          'If',
          ['go'],
          ['y'],
          { then_branch: branch('MatMul', inner ? [weight] : []), else_branch: doubled },
          { name: 'if' },
        ),
      ],
      initializers: [tensor('limit', [], Float32Array.of(-100)), ...(inner ? [] : [weight])],
    }),
    input: [3, 32],
    op: 'MatMul',
    shape: [48, 32],
  };
}
