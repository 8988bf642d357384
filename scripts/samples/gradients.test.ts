import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/engine/core/random';
import { DataType, modelBytes, node, tensor, value } from '../../src/engine/model/onnx/build';
import { gradients } from './gradients';
import { crossEntropy } from './trainingStep';

type Nodes = Parameters<typeof gradients>[0];
type Values = Record<string, readonly number[]>;

interface Check {
  readonly forward: Nodes;
  /** The function's scalar, as nodes after `forward`, and its gradient by the forward output. */
  readonly loss: ReturnType<typeof crossEntropy>;
  readonly output: string;
  /** Dims of every value that is fed; all get random entries. */
  readonly shapes: Values;
  readonly wanted: readonly string[];
  readonly type: 'float32' | 'float64';
  /** Half the distance of the two points of a central difference. */
  readonly step: number;
}

/** Largest |∂L/∂v − (L(v+h) − L(v−h))/2h| over all entries of all wanted values, relative to the largest gradient. */
async function worstError({ forward, loss, output, shapes, wanted, type, step }: Check): Promise<number> {
  const { nodes, constants, of } = gradients(forward, output, loss.gradient, wanted);
  const element = type === 'float64' ? DataType.DOUBLE : DataType.FLOAT;
  const session = await InferenceSession.create(
    modelBytes({
      nodes: [...forward, ...loss.nodes, ...nodes],
      inputs: Object.entries(shapes).map(([name, dims]) => value(name, element, dims)),
      outputs: ['loss', ...of.values()].map((name) => value(name, element)),
      initializers: [...loss.constants, ...constants],
    }),
  );
  const source = seeded(7);
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, dims]) => {
      const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => source.normal());
      return [name, new Tensor(type, type === 'float64' ? Float64Array.from(values) : Float32Array.from(values), dims)];
    }),
  );
  const lossAt = async () => (await session.run(feeds, ['loss'])).loss.data[0] as number;

  const analytic = await session.run(feeds);
  let worst = 0;
  for (const name of wanted) {
    const gradient = analytic[of.get(name)!];
    expect(gradient.dims).toEqual(shapes[name]);
    const numbers = gradient.data as Float32Array;
    const scale = Math.max(...numbers.map(Math.abs));
    expect(scale).toBeGreaterThan(0);
    const values = feeds[name].data as Float32Array;
    for (let index = 0; index < values.length; index++) {
      const kept = values[index];
      values[index] = kept + step;
      const above = await lossAt();
      values[index] = kept - step;
      const below = await lossAt();
      values[index] = kept;
      worst = Math.max(worst, Math.abs(numbers[index] - (above - below) / (2 * step)) / scale);
    }
  }
  await session.release();
  return worst;
}

const double = (name: string, number: number) => tensor(name, [], Float64Array.of(number));

describe('in float64', () => {
  // With h = 1e−5 a central difference is off by about h² = 1e−10 and by rounding, 1e−16/h = 1e−11.
  const TOLERANCE = 1e-8;

  test('dense layers of every convention, ReLU and Flatten', async () => {
    const forward = [
      node('Flatten', ['x'], ['flat'], { axis: 1 }),
      node('Gemm', ['flat', 'w1', 'b1'], ['h1'], { transB: 1 }),
      node('Relu', ['h1'], ['r1']),
      node('MatMul', ['r1', 'w2'], ['h2']),
      node('Add', ['h2', 'b2'], ['a2']),
      node('Relu', ['a2'], ['r2']),
      node('Gemm', ['r2', 'w3', 'b3'], ['y']),
    ];
    const shapes = { x: [3, 2, 2], w1: [5, 4], b1: [5], w2: [5, 6], b2: [6], w3: [6, 3], b3: [3] };
    // Fixed one-hot targets: rows must sum to 1.
    const targets = tensor('targets', [3, 3], Float64Array.of(0, 1, 0, 1, 0, 0, 0, 0, 1));
    const loss = crossEntropy('y', 'targets', 3, double);
    const error = await worstError({
      forward,
      loss: { ...loss, constants: [...loss.constants, targets] },
      output: 'y',
      shapes,
      wanted: Object.keys(shapes),
      type: 'float64',
      step: 1e-5,
    });
    expect(error).toBeLessThan(TOLERANCE);
  });
});

// onnxruntime has no float64 kernels for these. But L = Σ c·y with constant c is linear in each single input, so that a
// central difference is exact at any step: with h = 1 only rounding is left, some 1e−7 per term of sums of at most a
// few hundred terms.
describe('in float32, with a loss that is linear in each input', () => {
  const TOLERANCE = 2e-5;
  const weighted = {
    nodes: [node('Mul', ['y', 'c'], ['product']), node('ReduceSum', ['product'], ['loss'], { keepdims: 0 })],
    constants: [],
    gradient: 'c',
  };
  const check = (forward: Nodes, shapes: Values) =>
    worstError({
      forward,
      loss: weighted,
      output: 'y',
      shapes,
      wanted: Object.keys(shapes).filter((name) => name !== 'c'),
      type: 'float32',
      step: 1,
    });

  test('Conv 3 × 3 with padding and bias', async () => {
    const forward = [node('Conv', ['x', 'w', 'b'], ['y'], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })];
    const shapes = { x: [2, 3, 5, 4], w: [4, 3, 3, 3], b: [4], c: [2, 4, 5, 4] };
    expect(await check(forward, shapes)).toBeLessThan(TOLERANCE);
  });

  test('Conv 1 × 1', async () => {
    const forward = [node('Conv', ['x', 'w', 'b'], ['y'], { strides: [1, 1] })];
    const shapes = { x: [2, 3, 4, 3], w: [2, 3, 1, 1], b: [2], c: [2, 2, 4, 3] };
    expect(await check(forward, shapes)).toBeLessThan(TOLERANCE);
  });

  test('AveragePool', async () => {
    const forward = [node('AveragePool', ['x'], ['y'], { kernel_shape: [2, 3], strides: [2, 3] })];
    expect(await check(forward, { x: [2, 2, 4, 6], c: [2, 2, 2, 2] })).toBeLessThan(TOLERANCE);
  });
});

describe('refuses', () => {
  test.each([
    ['an operator without a rule', [node('Tanh', ['x'], ['y'])], /no gradient rule for Tanh/],
    ['a grouped Conv', [node('Conv', ['x', 'w'], ['y'], { group: 2 })], /Conv covers group = 1, not 2/],
    ['a strided Conv', [node('Conv', ['x', 'w'], ['y'], { strides: [2, 2] })], /covers strides = 1,1, not 2,2/],
    ['overlapping windows', [node('AveragePool', ['x'], ['y'], { kernel_shape: [3, 3], strides: [2, 2] })], /strides/],
    [
      'a value with two consumers',
      [node('Relu', ['x'], ['z']), node('MatMul', ['z', 'z'], ['y'])],
      /several consumers/,
    ],
    ['a value without influence', [node('Relu', ['other'], ['y'])], /y does not depend on x/],
  ])('%s', (_, forward, message) => {
    expect(() => gradients(forward, 'y', 'dy', ['x'])).toThrow(message);
  });

  test('nothing about nodes that lead to no wanted value', () => {
    const forward = [
      node('Tanh', ['image'], ['scaled']),
      node('MatMul', ['scaled', 'x'], ['z']),
      node('Relu', ['z'], ['y']),
    ];
    const { nodes, of } = gradients(forward, 'y', 'dy', ['x']);
    expect(nodes.map(({ opType }) => opType)).toEqual(['Sign', 'Mul', 'Gemm']);
    expect(of.get('x')).toBe(nodes[2].output[0]);
  });
});
