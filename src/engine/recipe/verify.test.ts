import { clone, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { openDataset } from '../evaluation/openDataset';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inputSpecs } from '../model/inspect';
import { type Model, readModel, tensorsOf } from '../model/model';
import { DataType, graph, modelBytes, node, tensor, value } from '../model/onnx/build';
import { floatsToHalves } from '../model/tensors';
import { bytesOfFile } from '../model/write';
import { denseOf } from '../operators/dense/dense';
import type { DeviceSession, HostTensor, Runtime, Session } from '../runtime';
import { compress } from './compress';
import { checkRecipe } from './schema';
import { describeReadBack } from './verification/readBack';
import { type VerifyContext, verify } from './verify';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const FLOAT = DataType.FLOAT;
type Parts = Parameters<typeof modelBytes>[0];

const modelOf = (bytes: Uint8Array): Promise<Model> => readModel(memorySource(bytes, 'm.onnx'));

const random = seeded(1);
const weight = (name: string, dims: readonly number[]) => tensor(name, dims, gaussian(random, dims));

/** Two layers in a row, of 64 and 48. */
const model = (parts: Partial<Parts> = {}): Promise<Model> =>
  modelOf(
    modelBytes({
      nodes: [
        node('MatMul', ['x', 'a'], ['h'], {}, { name: 'first' }),
        node('Gemm', ['h', 'b', 'bias'], ['y'], { transB: 1 }, { name: 'second' }),
      ],
      inputs: [value('x', FLOAT, ['n', 64])],
      outputs: [value('y', FLOAT)],
      initializers: [weight('a', [64, 48]), weight('b', [32, 48]), weight('bias', [32])],
      ...parts,
    }),
  );

const STEP = { layers: '*', method: 'quantize', options: { bits: 4 } };

async function compressed(original: Model, steps: readonly object[] = [STEP], more: object = {}) {
  const recipe = checkRecipe({ version: 1, steps, ...more });
  const written = await compress(original, recipe, { factorisations: new Factorisations(backend) });
  return { written, bytes: await bytesOfFile(written.files[0]!) };
}

async function check(original: Model, context: Partial<VerifyContext> = {}, steps?: readonly object[], more?: object) {
  const { written, bytes } = await compressed(original, steps, more);
  return verify(await modelOf(bytes), written, original, { runtime, ...context });
}

/** What is said of the file with `damage` done to it. */
async function said(original: Model, damage: (proto: Model['proto']) => void) {
  const { written, bytes } = await compressed(original);
  const { proto } = await modelOf(bytes);
  const damaged = clone(ModelProtoSchema, proto);
  damage(damaged);
  const read = await modelOf(toBinary(ModelProtoSchema, damaged));
  return verify(read, written, original, { runtime });
}

describe('verify', () => {
  it('compares every byte, runs each layer alone, and the whole on a sample', async () => {
    const readBack = await check(await model());
    expect(readBack).toMatchObject({
      by: 'outputs',
      samples: 1,
      data: 'generated',
      shapes: { x: [1, 64] },
      layers: { checked: 2, of: 2 },
    });
    expect(readBack.tensors).toBeGreaterThan(5);
    expect(readBack.layers.largestError).toBeLessThan(1e-5);
    expect(readBack.ms).toBeGreaterThan(0);
    expect(describeReadBack(readBack)).toMatch(
      /^Read back: the graph and all \d+ tensors are .*\. Run on 1 sample made up: x 1×64\. Each of the 2 rewritten layers/,
    );
  });

  it.each<[string, string | RegExp, (proto: Model['proto']) => void]>([
    ['one bit of a code', /tensor ".*" differs/, (proto) => flip(proto, DataType.UINT8)],
    ['one bit of a scale', /tensor ".*" differs/, (proto) => flip(proto, FLOAT)],
    ['a missing node', 'its graph differs', ({ graph }) => graph!.node.pop()],
    ['a missing tensor', 'tensors are missing', ({ graph }) => graph!.initializer.pop()],
    ['swapped sizes', 'its graph differs', (proto) => largest(proto, DataType.UINT8).dims.reverse()],
    ['another order of nodes', 'its graph differs', ({ graph }) => graph!.node.reverse()],
    ['another name of an output', 'its graph differs', ({ graph }) => (graph!.output[0]!.name = 'z')],
  ])('refuses a file with %s', async (_, message, damage) => {
    await expect(said(await model(), damage)).rejects.toThrow(message);
  });

  it('refuses nodes that do not compute what the layer was compressed to', async () => {
    const original = await model();
    const { written, bytes } = await compressed(original);
    const [layer, operator] = [...written.rewritten][0]!;
    // One scale of its 96 groups is off by a tenth: in the weight that was meant, as the file is as it was written.
    const values = (await operator.toDense()).map((value, i) => (i < 32 ? value * 1.1 : value));
    const meant = denseOf(layer.shape, 'float32', values);
    const wrong = { ...written, rewritten: new Map([...written.rewritten, [layer, meant]]) };
    await expect(verify(await modelOf(bytes), wrong, original, { runtime })).rejects.toThrow(
      /^Layer first of the written file does not compute what it was compressed to \(its outputs differ by .* %\), so/,
    );
  });

  it.each([
    ['factored', [{ layers: '*', method: 'svd', options: { size: 0.4 } }], {}],
    ['rebuilt at use', [STEP], { export: { form: 'use' } }],
    ['in whole numbers', [{ layers: '*', method: 'quantize', options: { bits: 8, activations: 'dynamic' } }], {}],
    ['sparse', [{ layers: '*', method: 'prune', options: { sparsity: 0.7 } }], {}],
    ['a chain', [{ layers: '*', method: 'tensor-train', options: { size: 0.5 } }], {}],
    ['in half precision', [{ layers: '*', method: 'half', options: {} }], {}],
  ])('runs layers alone that are %s', async (_, steps, more) => {
    expect((await check(await model(), {}, steps, more)).layers).toMatchObject({ checked: 2, of: 2 });
  });

  it('runs convolutions alone, their kernels dilated, in groups or transposed, and look-ups', async () => {
    const layered = await model({
      nodes: [
        node('Conv', ['x', 'a'], ['p'], { dilations: [2, 1], strides: [2, 2] }, { name: 'plain' }),
        node('Conv', ['p', 'b', 'bias'], ['q'], { group: 4, pads: [1, 1, 1, 1] }, { name: 'grouped' }),
        node('ConvTranspose', ['q', 'c'], ['y'], { strides: [2, 2] }, { name: 'wider' }),
        node('Gather', ['table', 'i'], ['z'], {}, { name: 'look' }),
      ],
      inputs: [value('x', FLOAT, [1, 8, 16, 16]), value('i', DataType.INT64, [1, 3])],
      outputs: [value('y', FLOAT), value('z', FLOAT)],
      initializers: [
        weight('a', [32, 8, 3, 3]),
        weight('b', [32, 8, 3, 3]),
        weight('bias', [32]),
        weight('c', [32, 8, 3, 3]),
        weight('table', [40, 32]),
      ],
    });
    expect((await check(layered)).layers).toMatchObject({ checked: 4, of: 4 });
  });

  it('runs weights alone that stand on the left, are used both ways, or are tables read transposed', async () => {
    const layered = await model({
      nodes: [
        node('MatMul', ['a', 'x'], ['h'], {}, { name: 'left' }),
        node('MatMul', ['h', 'b'], ['y'], {}, { name: 'right' }),
        node('Transpose', ['b'], ['turned'], { perm: [1, 0] }),
        node('MatMul', ['turned', 'x'], ['z'], {}, { name: 'again' }),
        node('Gather', ['turned', 'i'], ['g'], {}, { name: 'look' }),
      ],
      inputs: [value('x', FLOAT, [64, 64]), value('i', DataType.INT64, [3])],
      outputs: ['y', 'z', 'g'].map((name) => value(name, FLOAT)),
      initializers: [weight('a', [48, 64]), weight('b', [64, 32])],
    });
    expect((await check(layered)).layers).toMatchObject({ checked: 2, of: 2 });
  });

  it.each([7, 9, 13])('runs layers of opset %i alone', async (opset) => {
    expect((await check(await model({ opset }))).layers).toMatchObject({ checked: 2, of: 2 });
  });

  it.each([
    ['float16', 3e4],
    ['float32', 2e38],
  ] as const)('runs layers alone whose weights reach the end of the range of %s', async (type, size) => {
    const values = gaussian(random, [64, 48]).map((value) => value * size * 0.2);
    const half = type === 'float16';
    const dataType = half ? DataType.FLOAT16 : FLOAT;
    const a = half ? tensor('a', [64, 48], floatsToHalves(values), dataType) : tensor('a', [64, 48], values);
    const original = await modelOf(
      modelBytes({
        nodes: [node('MatMul', ['x', 'a'], ['y'], {}, { name: 'only' })],
        inputs: [value('x', dataType, ['n', 64])],
        outputs: [value('y', dataType)],
        initializers: [a],
      }),
    );
    const readBack = await check(original);
    expect(readBack.layers).toMatchObject({ checked: 1, of: 1 });
    // The unit of float16 is 2⁻¹¹ ≈ 5e−4; nothing but the rounding of weight and output differs.
    expect(readBack.layers.largestError).toBeLessThan(half ? 2e-3 : 1e-5);
  });

  it('takes a model for random only where it draws, and accepts it', async () => {
    const drawing = await model({
      nodes: [
        node('RandomNormalLike', ['x'], ['noise'], {}, { name: 'noise' }),
        node('MatMul', ['noise', 'a'], ['y'], {}, { name: 'first' }),
      ],
    });
    const readBack = await check(drawing);
    expect(readBack).toMatchObject({ by: 'outputs', random: [{ op: 'RandomNormalLike', name: 'noise' }] });
    expect(describeReadBack(readBack)).toContain('The model draws at random (RandomNormalLike (noise))');
    // What is rebuilt at use below opset 10 is kept from folding by a node that draws a zero.
    const old = await check(await model({ opset: 9 }), {}, [STEP], { export: { form: 'use' } });
    expect(old.random).toBeUndefined();
  });

  it('runs on the data that are given, and says which', async () => {
    const original = await model();
    const data = { type: 'float32', dims: [5, 64], data: new Float32Array(5 * 64).fill(1) } as const;
    const given = openDataset(new Map([['x', data]]), inputSpecs(original), 'mine.npz');
    const fed: (readonly number[])[] = [];
    const watching: Runtime = {
      ...runtime,
      async open(...args) {
        const session = await runtime.open(...args);
        const run: Session['run'] = (feeds) => {
          const { x } = feeds as Record<string, HostTensor>;
          if (session.outputNames.includes('y') && x) fed.push([...(x.data as Float32Array)]);
          return session.run(feeds);
        };
        return { ...session, run: run as DeviceSession['run'] };
      },
    };
    const readBack = await check(original, { data: given, runtime: watching });
    expect(readBack).toMatchObject({ by: 'outputs', samples: 1, data: 'mine.npz' });
    expect(readBack.shapes).toBeUndefined();
    expect(fed).toEqual([Array.from({ length: 64 }, () => 1)]);
  });

  it('does not run a model in which nothing was changed', async () => {
    const never: Runtime = { ...runtime, open: () => Promise.reject(new Error('nothing is to be run')) };
    const steps = [{ layers: '*', method: 'svd', options: { rank: 48 } }];
    const readBack = await check(await model(), { runtime: never }, steps);
    expect(readBack).toMatchObject({ by: 'weights', note: 'nothing in it was changed', samples: 0, tensors: 3 });
  });

  it('refuses what does not run although its original does', async () => {
    const original = await model();
    const { written, bytes } = await compressed(original);
    const blind: Runtime = {
      ...runtime,
      async open(opened, ...args) {
        const session = await runtime.open(opened, ...args);
        const isOriginal = opened.externalData.some(({ data }) => data.length === 64 * 48 * 4);
        const isWhole = session.outputNames.join() === 'y' && session.inputNames.join() === 'x' && !isOriginal;
        return isWhole ? { ...session, run: () => Promise.reject(new Error('lost')) } : session;
      },
    };
    const first = verify(await modelOf(bytes), written, original, { runtime: blind });
    await expect(first).rejects.toThrow(/^m\.onnx runs, but what the recipe makes of it does not, .*lost.*; leave out/);
  });

  it('runs layers alone where the original does not run either, and says why', async () => {
    const unknown = await model({
      nodes: [node('Frobnicate', ['x'], ['g']), node('MatMul', ['g', 'a'], ['y'], {}, { name: 'first' })],
      domains: { strange: 1 },
    });
    const readBack = await check(unknown);
    expect(readBack).toMatchObject({ by: 'layers', samples: 0, layers: { checked: 1, of: 1 } });
    expect(readBack.note).toContain('Frobnicate');
    expect(describeReadBack(readBack)).toMatch(
      /The whole model was not run: .*Frobnicate.*\. The rewritten layer, run/,
    );
  });

  it('says of text that it cannot be made up', async () => {
    const reading = await model({
      nodes: [node('MatMul', ['x', 'a'], ['y'], {}, { name: 'first' }), node('Identity', ['words'], ['z'])],
      inputs: [value('x', FLOAT, ['n', 64]), value('words', DataType.STRING, ['n'])],
      outputs: [value('y', FLOAT), value('z', DataType.STRING)],
    });
    expect(await check(reading)).toMatchObject({ by: 'layers', note: expect.stringContaining('"words" takes text') });
  });

  it.each([
    ['outputs of whole numbers', [node('ArgMax', ['h'], ['y'])], [value('y', DataType.INT64)]],
    ['outputs of text', [node('Cast', ['h'], ['y'], { to: DataType.STRING })], [value('y', DataType.STRING)]],
    ['a list among its outputs', [node('SequenceConstruct', ['h', 'h'], ['y'])], [listOutput('y'), value('h', FLOAT)]],
    ['nothing but a list', [node('SequenceConstruct', ['h', 'h'], ['y'])], [listOutput('y')]],
  ])('runs a model with %s', async (_, nodes, outputs) => {
    const original = await model({
      nodes: [node('MatMul', ['x', 'a'], ['h'], {}, { name: 'first' }), ...nodes],
      outputs,
    });
    expect(await check(original)).toMatchObject({ by: 'outputs', samples: 1, layers: { checked: 1, of: 1 } });
  });

  it('runs a model without inputs', async () => {
    const closed = await model({
      nodes: [
        node('RandomNormal', [], ['x'], { shape: [2, 64] }),
        node('MatMul', ['x', 'a'], ['y'], {}, { name: 'first' }),
      ],
      inputs: [],
    });
    const readBack = await check(closed);
    expect(readBack).toMatchObject({ by: 'outputs', layers: { checked: 1, of: 1 } });
    expect(describeReadBack(readBack)).toContain('Run; it takes no inputs.');
  });

  it('counts layers in branches as not run alone', async () => {
    const branch = (name: string, out: string) =>
      graph({ nodes: [node('MatMul', ['x', name], [out])], inputs: [], outputs: [value(out, FLOAT)] });
    const branching = await model({
      nodes: [node('If', ['c'], ['y'], { then_branch: branch('a', 's'), else_branch: branch('b', 't') })],
      inputs: [value('x', FLOAT, ['n', 64]), value('c', DataType.BOOL, [])],
      initializers: [weight('a', [64, 48]), weight('b', [64, 48])],
    });
    const readBack = await check(branching);
    expect(readBack).toMatchObject({ by: 'outputs', layers: { checked: 0, of: 2 } });
    expect(describeReadBack(readBack)).toContain('None of the 2 rewritten layers can be run alone.');
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    await expect(check(await model(), { signal: controller.signal, onProgress })).rejects.toThrow('aborted');
  });
});

function largest(proto: Model['proto'], type: number) {
  const size = (one: { rawData: Uint8Array }) => one.rawData.length;
  return [...tensorsOf(proto)].filter(({ dataType }) => dataType === type).sort((a, b) => size(b) - size(a))[0]!;
}

function flip(proto: Model['proto'], type: number) {
  const found = largest(proto, type);
  found.rawData = found.rawData.slice();
  found.rawData[7]! ^= 1;
}

function listOutput(name: string) {
  const info = value(name, FLOAT);
  const elemType = info.type!;
  return {
    ...info,
    type: {
      ...elemType,
      value: { case: 'sequenceType' as const, value: { $typeName: 'onnx.TypeProto.Sequence' as const, elemType } },
    },
  } as typeof info;
}
