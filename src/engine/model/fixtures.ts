import type { TensorProto } from 'onnx-buf';
import { type Random, seeded } from '../core/random';
import { type Fixture, insideIf } from './insideIf.fixtures';
import { DataType, float, modelBytes, node, tensor, value } from './onnx/build';
import { floatsToHalves } from './tensors';

const FLOAT = DataType.FLOAT;

export const gaussian = (random: Random, dims: readonly number[]): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal());

/** Every fixture, with weights drawn from `seed`. */
export function fixtures(seed = 1): Fixture[] {
  const random = seeded(seed);
  const weight = (name: string, dims: readonly number[]): TensorProto => tensor(name, dims, gaussian(random, dims));
  const io = (x: readonly number[], type = FLOAT) => ({ inputs: [value('x', type, x)], outputs: [value('y', FLOAT)] });

  const gemms = [0, 1].flatMap((transA) =>
    [0, 1].map((transB): Fixture => {
      const input = transA ? [24, 5] : [5, 24];
      return {
        name: `gemm transA=${transA} transB=${transB}`,
        bytes: modelBytes({
          opset: 13,
          ...io(input),
          nodes: [
            node('Gemm', ['x', 'w', 'b'], ['y'], { transA, transB, alpha: float(0.5), beta: float(2) }, { name: 'fc' }),
          ],
          initializers: [weight('w', transB ? [40, 24] : [24, 40]), weight('b', [40])],
        }),
        input,
        op: 'Gemm',
        shape: [40, 24],
      };
    }),
  );

  return [
    {
      name: 'matmul, weight on the right',
      bytes: modelBytes({
        ...io([2, 3, 32]),
        nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
        initializers: [weight('w', [32, 48])],
      }),
      input: [2, 3, 32],
      op: 'MatMul',
      shape: [48, 32],
    },
    {
      name: 'matmul, weight on the left',
      bytes: modelBytes({
        ...io([32, 7]),
        nodes: [node('MatMul', ['w', 'x'], ['y'], {}, { name: 'fc' })],
        initializers: [weight('w', [48, 32])],
      }),
      input: [32, 7],
      op: 'MatMul',
      shape: [48, 32],
    },
    ...gemms,
    {
      name: 'gemm, weight on the left, transposed',
      bytes: modelBytes({
        ...io([6, 24]),
        nodes: [node('Gemm', ['w', 'x'], ['y'], { transA: 1, transB: 1 }, { name: 'fc' })],
        initializers: [weight('w', [24, 40])],
      }),
      input: [6, 24],
      op: 'Gemm',
      shape: [40, 24],
    },
    {
      name: 'gemm of opset 7, weight also an input',
      bytes: modelBytes({
        opset: 7,
        inputs: [value('x', FLOAT, [5, 24]), value('w', FLOAT, [24, 40]), value('b', FLOAT, [40])],
        outputs: [value('y', FLOAT)],
        nodes: [node('Gemm', ['x', 'w', 'b'], ['y'], {}, { name: 'fc' })],
        initializers: [weight('w', [24, 40]), weight('b', [40])],
      }),
      input: [5, 24],
      op: 'Gemm',
      shape: [40, 24],
    },
    {
      name: 'convolution with stride, padding and dilation',
      bytes: modelBytes({
        ...io([2, 12, 11, 13]),
        nodes: [
          node(
            'Conv',
            ['x', 'w', 'b'],
            ['y'],
            { strides: [2, 1], pads: [1, 2, 1, 2], dilations: [1, 2] },
            { name: 'conv' },
          ),
        ],
        initializers: [weight('w', [20, 12, 3, 3]), weight('b', [20])],
      }),
      input: [2, 12, 11, 13],
      op: 'Conv',
      shape: [20, 12, 3, 3],
    },
    {
      name: 'convolution 1×1 with stride and padding',
      bytes: modelBytes({
        ...io([1, 32, 6, 6]),
        nodes: [
          node(
            'Conv',
            ['x', 'w', 'b'],
            ['y'],
            { kernel_shape: [1, 1], strides: [2, 2], pads: [1, 1, 1, 1] },
            { name: 'conv' },
          ),
        ],
        initializers: [weight('w', [48, 32, 1, 1]), weight('b', [48])],
      }),
      input: [1, 32, 6, 6],
      op: 'Conv',
      shape: [48, 32, 1, 1],
    },
    {
      name: 'convolution over one axis, auto_pad',
      bytes: modelBytes({
        ...io([1, 16, 20]),
        nodes: [node('Conv', ['x', 'w'], ['y'], { auto_pad: 'SAME_UPPER', strides: [2] }, { name: 'conv' })],
        initializers: [weight('w', [24, 16, 5])],
      }),
      input: [1, 16, 20],
      op: 'Conv',
      shape: [24, 16, 5],
    },
    ...([{ output_padding: [1, 0], pads: [1, 0, 1, 0] }, { output_shape: [10, 12] }] as Record<string, number[]>[]).map(
      (more, i) => ({
        name: `transposed convolution ${i + 1}`,
        bytes: modelBytes({
          ...io([2, 20, 5, 6]),
          nodes: [node('ConvTranspose', ['x', 'w', 'b'], ['y'], { strides: [2, 2], ...more }, { name: 'up' })],
          initializers: [weight('w', [20, 16, 3, 3]), weight('b', [16])],
        }),
        input: [2, 20, 5, 6],
        op: 'ConvTranspose',
        shape: [20, 16, 3, 3],
      }),
    ),
    {
      name: 'gather of an embedding',
      bytes: modelBytes({
        ...io([2, 5], DataType.INT64),
        nodes: [node('Gather', ['w', 'x'], ['y'], {}, { name: 'embed' })],
        initializers: [weight('w', [100, 24])],
      }),
      input: [2, 5],
      inputType: 'int64',
      op: 'Gather',
      shape: [100, 24],
    },
    {
      name: 'embedding tied to the head through a transpose',
      bytes: modelBytes({
        ...io([2, 5], DataType.INT64),
        nodes: [
          node('Gather', ['w', 'x'], ['e'], {}, { name: 'embed' }),
          node('Transpose', ['w'], ['wt'], { perm: [1, 0] }, { name: 'turn' }),
          node('MatMul', ['e', 'wt'], ['y'], {}, { name: 'head' }),
        ],
        initializers: [weight('w', [60, 24])],
      }),
      input: [2, 5],
      inputType: 'int64',
      op: 'Gather',
      shape: [60, 24],
      consumers: 2,
    },
    {
      name: 'one weight, used straight and transposed',
      bytes: modelBytes({
        ...io([4, 32]),
        nodes: [
          node('MatMul', ['x', 'w'], ['h'], {}, { name: 'up' }),
          node('Gemm', ['h', 'w'], ['y'], { transB: 1 }, { name: 'down' }),
        ],
        initializers: [weight('w', [32, 48])],
      }),
      input: [4, 32],
      op: 'MatMul',
      shape: [48, 32],
      consumers: 2,
    },
    {
      name: 'weight in a Constant node, consumer without a name',
      bytes: modelBytes({
        opset: 9,
        ...io([3, 32]),
        nodes: [
          node('Constant', [], ['w'], { value: tensor('', [32, 48], gaussian(random, [32, 48])) }),
          node('MatMul', ['x', 'w'], ['y']),
        ],
      }),
      input: [3, 32],
      op: 'MatMul',
      shape: [48, 32],
    },
    {
      name: 'float16 weight behind a Cast',
      bytes: modelBytes({
        ...io([3, 32]),
        nodes: [node('Cast', ['w16'], ['w'], { to: FLOAT }), node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
        initializers: [tensor('w16', [32, 48], floatsToHalves(gaussian(random, [32, 48])), DataType.FLOAT16)],
      }),
      input: [3, 32],
      op: 'MatMul',
      shape: [48, 32],
    },
    insideIf('weight inside an If', weight('w', [32, 48]), true),
    insideIf('outer weight, captured by an If', weight('w', [32, 48]), false),
  ];
}
