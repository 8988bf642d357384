import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { layersOf } from '../../model/layers';
import { type Model, readModel, tensorsOf } from '../../model/model';
import { DataType, float, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { scopeOf } from '../../model/scopes';
import { bytesOf, floatsToHalves } from '../../model/tensors';
import { sessionModelOf } from '../../model/write';
import { expectClose } from '../../reference/compare';
import type { HostTensor, Provider, Runtime, SessionModel } from '../../runtime';
import { DATA_TYPE } from '../dense/dense';
import { elements, type FloatType, type Operator } from '../operator';
import { DEFAULT_EXPORT, type ExportChoice } from './choice';
import { replaceWeights } from './replace';

/** The ways in which a model of one layer uses its weight. */
export const USES = [
  'MatMul',
  'Gemm',
  'Gemm transposed',
  'MatMul on the left',
  'Conv',
  'Conv in groups',
  'Gather',
] as const;
export type UseName = (typeof USES)[number];

/** Those that a weight of this shape can be used by. */
export const usesOf = (shape: readonly number[]): UseName[] =>
  shape.length > 2 ? ['Conv', 'Conv in groups'] : USES.filter((use) => !use.startsWith('Conv'));

export interface Running {
  /** The model with the operator's dense weight, and with the operator. */
  readonly original: Model;
  readonly changed: Model;
  readonly feeds: Readonly<Record<string, HostTensor>>;
}

/** A model of opset `opset` with one layer that uses the operator's weight, before and after the operator replaces it. */
export async function running(
  operator: Operator,
  use: UseName,
  {
    opset = 17,
    choice = DEFAULT_EXPORT,
    tokens = 5,
    weight = 'w',
    name = 'fc',
    type = 'float32',
  }: {
    opset?: number;
    choice?: ExportChoice;
    tokens?: number;
    weight?: string;
    name?: string;
    /** Of weights, inputs and outputs. */
    type?: FloatType;
  } = {},
): Promise<Running> {
  const random = seeded(3);
  const typed = (numbers: Float32Array<ArrayBuffer>) => (type === 'float16' ? floatsToHalves(numbers) : numbers);
  const held = (called: string, dims: readonly number[], numbers: Float32Array<ArrayBuffer>) =>
    tensor(called, dims, typed(numbers), DATA_TYPE[type]);
  const values = await operator.toDense();
  const [out, inner, ...kernel] = operator.shape as [number, number, ...number[]];
  const turned = () => {
    const result = new Float32Array(values.length);
    for (let i = 0; i < out; i++) for (let j = 0; j < inner; j++) result[j * out + i] = values[i * inner + j]!;
    return held(weight, [inner, out], result);
  };
  const plain = () => held(weight, operator.shape, values);
  const b = held('b', [out], gaussian(random, [out]));
  const gemm = (transB: number) =>
    node('Gemm', ['x', weight, 'b'], ['y'], { transB, alpha: float(0.5), beta: float(2) }, { name });
  const spatial = kernel.map(() => 8);
  const conv = (group: number) => ({
    x: [2, group * inner, ...spatial],
    nodes: [
      node(
        'Conv',
        ['x', weight, 'b'],
        ['y'],
        {
          kernel_shape: kernel,
          pads: [...kernel, ...kernel].map((size) => size >> 1),
          strides: kernel.map(() => 2),
          group,
        },
        { name },
      ),
    ],
    weights: [plain(), b],
  });
  const cases = {
    MatMul: () => ({
      x: [2, tokens, inner],
      nodes: [node('MatMul', ['x', weight], ['y'], {}, { name })],
      weights: [turned()],
    }),
    Gemm: () => ({ x: [tokens, inner], nodes: [gemm(1)], weights: [plain(), b] }),
    'Gemm transposed': () => ({ x: [tokens, inner], nodes: [gemm(0)], weights: [turned(), b] }),
    'MatMul on the left': () => ({
      x: [inner, tokens],
      nodes: [node('MatMul', [weight, 'x'], ['y'], {}, { name })],
      weights: [plain()],
    }),
    Conv: () => conv(1),
    'Conv in groups': () => conv(out),
    Gather: () => ({ x: [tokens], nodes: [node('Gather', [weight, 'x'], ['y'], {}, { name })], weights: [plain()] }),
  };
  const { x, nodes, weights } = cases[use]();
  const isGather = use === 'Gather';
  const bytes = modelBytes({
    opset,
    nodes,
    inputs: [value('x', isGather ? DataType.INT64 : DATA_TYPE[type], x)],
    outputs: [value('y', DATA_TYPE[type])],
    initializers: weights,
  });
  const original = await readModel(memorySource(bytes, 'one.onnx'));
  const main = scopeOf(original);
  const layer = layersOf(main).find((layer) => layer.weight === weight)!;
  const changed = await replaceWeights(original, main, new Map([[layer, operator]]), { choice });
  const data = isGather
    ? BigInt64Array.from({ length: tokens }, () => BigInt(random.below(out)))
    : typed(gaussian(random, x));
  return { original, changed, feeds: { x: { type: isGather ? 'int64' : type, dims: x, data } } };
}

/** Bytes of the tensors that stand for the weight: what `Operator.bytes` promises, and small shapes and zeros. */
export const storedFor = (changed: Model): { readonly bytes: number; readonly small: number } => {
  let bytes = 0;
  let small = 0;
  for (const held of tensorsOf(changed.proto)) {
    if (held.name === 'b') continue;
    if (held.name.startsWith('w.')) bytes += bytesOf(held);
    else small += bytesOf(held);
  }
  return { bytes, small };
};

export async function outputOf(
  model: Model,
  feeds: Running['feeds'],
  runtime: Runtime,
  provider: Provider,
): Promise<Float32Array> {
  const opened: SessionModel = await sessionModelOf(model, runtime.externalData);
  const session = await runtime.open(opened, provider);
  try {
    return (await session.run(feeds)).y!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/**
 * Asserts that the exported operator computes what its dense weight does: to `tolerance` times the largest magnitude of
 * the output, by default 1e−5 (a few roundings of float32 sums).
 */
export async function expectRuns(
  { original, changed, feeds }: Running,
  runtime: Runtime,
  provider: Provider,
  what: string,
  tolerance = 1e-5,
): Promise<void> {
  // On a software adapter a session takes a second: the dense model runs where it is cheap.
  const expected = await outputOf(original, feeds, runtime, provider === 'webgpu' ? 'wasm' : provider);
  const actual = await outputOf(changed, feeds, runtime, provider);
  const largest = expected.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  expectClose(actual, expected, tolerance * Math.max(largest, 1e-30), what);
}

/** The weight's dense size; a rebuilt form has one tensor of it once it is folded. */
export const denseBytes = (operator: Operator): number => 4 * elements(operator.shape);
