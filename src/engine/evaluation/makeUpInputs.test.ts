import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { inputSpecs } from '../model/inspect';
import { readModel } from '../model/model';
import { DataType, graph, int64, modelBytes, node, tensor, value } from '../model/onnx/build';
import { sessionModelOf } from '../model/write';
import { batches, type InputSpec } from './dataset';
import { generateDataset } from './generate';
import { type MakeUpOptions, makeUpInputs } from './makeUpInputs';

const runtime = nodeRuntime();
type Parts = Parameters<typeof modelBytes>[0];
const FLOAT = DataType.FLOAT;

async function opened(parts: Omit<Parts, 'outputs'> & Partial<Parts>) {
  const bytes = modelBytes({ outputs: [value('y', FLOAT)], ...parts });
  const model = await readModel(memorySource(bytes, 'm.onnx'));
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  return { inputs: inputSpecs(model), run: session.run };
}

async function made(parts: Parameters<typeof opened>[0], options: Partial<MakeUpOptions> = {}) {
  const { inputs, run } = await opened(parts);
  let runs = 0;
  const counted: MakeUpOptions['run'] = (feeds) => {
    runs++;
    return run(feeds);
  };
  const dataset = await makeUpInputs(inputs, { samples: 2, run: counted, ...options });
  // What was found runs in any case.
  for (const { feeds } of batches(dataset, 1)) await run(feeds);
  return { dataset, shapes: dataset.shapes, runs };
}

const valuesOf = (inputs: readonly InputSpec[], name: string) =>
  [...([...batches(generateDataset(inputs, { samples: 4 }), 4)][0]!.feeds[name]!.data as BigInt64Array)].map(Number);

describe('inputs that are made up', () => {
  it('give a mask the length of what is cached and what is added', async () => {
    // As onnxruntime-genai names them; a mask longer or shorter is refused by Mul.
    const cached = (name: string) => value(name, FLOAT, ['batch_size', 2, 'past_sequence_length', 4]);
    const { shapes, runs } = await made({
      nodes: [
        node('Cast', ['attention_mask'], ['m'], { to: FLOAT }),
        node('Gather', ['table', 'input_ids'], ['e']),
        node('Reshape', ['e', 'heads'], ['split']),
        node('Transpose', ['split'], ['k'], { perm: [0, 2, 1, 3] }),
        node('Concat', ['past_key_values.0.key', 'k'], ['all'], { axis: 2 }),
        node('ReduceSum', ['all', 'axes'], ['sums'], { keepdims: 0 }),
        node('Mul', ['sums', 'm'], ['y']),
      ],
      inputs: [
        value('input_ids', DataType.INT64, ['batch_size', 'sequence_length']),
        value('attention_mask', DataType.INT64, ['batch_size', 'total_sequence_length']),
        cached('past_key_values.0.key'),
      ],
      initializers: [
        tensor('table', [10, 8], new Float32Array(80)),
        int64('heads', [0, 0, 2, 4]),
        int64('axes', [1, 3]),
      ],
    });
    expect(shapes).toEqual({
      input_ids: [1, 32],
      attention_mask: [1, 48],
      'past_key_values.0.key': [1, 2, 16, 4],
    });
    expect(runs).toBe(1);
  });

  it('of fixed shapes are one sample a run, whatever their first dimensions', async () => {
    const { dataset, shapes } = await made({
      nodes: [
        node('ReduceSum', ['x'], ['a']),
        node('ReduceSum', ['h'], ['b']),
        node('Cast', ['sr'], ['c'], { to: FLOAT }),
        node('Sum', ['a', 'b', 'c'], ['y']),
      ],
      inputs: [value('x', FLOAT, [1, 12]), value('h', FLOAT, [2, 1, 4]), value('sr', DataType.INT64, [])],
    });
    expect(shapes).toEqual({ x: [1, 12], h: [2, 1, 4], sr: [] });
    expect([...batches(dataset, 8)].map(({ fed }) => fed)).toEqual([1, 1]);
    expect([...batches(dataset, 1)][0]!.feeds.sr!.data).toEqual(BigInt64Array.of(16_000n));
  });

  it('of no elements stay so', async () => {
    const { shapes } = await made({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [value('x', FLOAT, ['n', 0])],
      initializers: [tensor('w', [0, 3], new Float32Array(0))],
    });
    expect(shapes).toEqual({ x: [1, 0] });
    const empty = generateDataset([{ name: 'x', type: 'float32', shape: [0, 4] }], { samples: 2 });
    expect([...batches(empty, 8)].map(({ feeds }) => feeds.x!.dims)).toEqual([
      [0, 4],
      [0, 4],
    ]);
  });

  it('are none for a model without inputs, which runs once', async () => {
    const { dataset } = await made(
      { nodes: [node('Identity', ['w'], ['y'])], inputs: [], initializers: [tensor('w', [1], Float32Array.of(1))] },
      {},
    );
    expect(dataset.fields).toEqual([]);
    expect(generateDataset([]).samples).toBe(1);
  });

  it.each([
    [
      'a one-hot of 200',
      [node('Cast', ['i'], ['wide'], { to: DataType.INT64 }), node('OneHot', ['wide', 'depth', 'ends'], ['y'])],
    ],
    [
      'a table of 200 through Reshape and Cast',
      [
        node('Cast', ['i'], ['wide'], { to: DataType.INT64 }),
        node('Reshape', ['wide', 'flat'], ['list']),
        node('GatherElements', ['table', 'list'], ['y']),
      ],
    ],
    [
      'comparison with 0 … 199',
      [
        node('Cast', ['i'], ['wide'], { to: DataType.INT64 }),
        node('Unsqueeze', ['wide', 'last'], ['column']),
        node('Equal', ['column', 'every'], ['hot']),
        node('Cast', ['hot'], ['y'], { to: FLOAT }),
      ],
    ],
  ])('of bytes go through the whole range of %s', async (_, nodes) => {
    const { inputs } = await opened({
      nodes,
      inputs: [value('i', DataType.UINT8, ['n', 50])],
      initializers: [
        int64('depth', [200], []),
        int64('flat', [-1]),
        int64('last', [-1]),
        int64(
          'every',
          Array.from({ length: 200 }, (_, i) => i),
        ),
        tensor('ends', [2], Float32Array.of(0, 1)),
        tensor('table', [200], new Float32Array(200)),
      ],
    });
    const values = valuesOf(inputs, 'i');
    expect(Math.max(...values)).toBeLessThan(200);
    // The largest of 200 draws from 200 is below 150 with probability .75²⁰⁰.
    expect(Math.max(...values)).toBeGreaterThan(150);
  });

  it('are the number that an input is compared with, in a branch as well', async () => {
    const branch = (name: string, output: string) =>
      graph({ nodes: [node('Identity', [name], [output])], inputs: [], outputs: [value(output, FLOAT)] });
    const { inputs } = await opened({
      nodes: [
        node('Equal', ['rate', 'hertz'], ['is']),
        node('If', ['is'], ['y'], { then_branch: branch('x', 'a'), else_branch: branch('x', 'b') }),
      ],
      inputs: [value('x', FLOAT, ['n', 4]), value('rate', DataType.INT64, [])],
      initializers: [int64('hertz', [8000], [])],
    });
    expect(valuesOf(inputs, 'rate')).toEqual([8000]);
  });

  it('are whole numbers where the graph compares them with a fraction, or looks them up in a table without rows', async () => {
    const { inputs } = await opened({
      nodes: [
        node('Cast', ['flag'], ['number'], { to: FLOAT }),
        node('Equal', ['number', 'half'], ['is']),
        node('Cast', ['is'], ['a'], { to: FLOAT }),
        node('Gather', ['none', 'position_ids'], ['b']),
        node('Concat', ['a', 'b'], ['y'], { axis: 0 }),
      ],
      inputs: [value('flag', DataType.INT64, [1]), value('position_ids', DataType.INT64, ['n'])],
      initializers: [tensor('half', [1], Float32Array.of(0.5)), tensor('none', [0], new Float32Array(0))],
    });
    for (const name of ['flag', 'position_ids']) expect([0, 1]).toContain(valuesOf(inputs, name)[0]);
  });

  it('are of no size that is too large to be made, while smaller ones are left to try', async () => {
    const inputs: InputSpec[] = [{ name: 'x', type: 'float32', shape: ['batch', 'd1', 'd2', 'd3', 'd4', 'd5'] }];
    let largest = 0;
    const run: MakeUpOptions['run'] = async ({ x }) => {
      largest = Math.max(largest, x!.data.length);
      if (x!.dims[1] !== 2 || x!.dims[2] !== 16) throw new Error('no');
      return {};
    };
    const { shapes } = await makeUpInputs(inputs, { run, samples: 1 });
    expect(shapes).toEqual({ x: [1, 2, 16, 16, 16, 16] });
    expect(largest).toBe(16 ** 5);
    const huge: InputSpec[] = [{ name: 'x', type: 'float32', shape: ['batch', 2 ** 15, 2 ** 15] }];
    await expect(makeUpInputs(huge, { run })).rejects.toThrow('too many to make up');
  });

  it('have the first size that the graph takes where it refuses the usual one', async () => {
    const parts = {
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [value('x', FLOAT, ['batch', 'steps'])],
      initializers: [tensor('w', [256, 3], new Float32Array(768))],
    };
    const { shapes, runs } = await made(parts);
    expect(shapes).toEqual({ x: [1, 256] });
    expect(runs).toBeLessThan(12);
    const odd = { ...parts, initializers: [tensor('w', [77, 3], new Float32Array(231))] };
    await expect(made(odd)).rejects.toThrow(/^No inputs could be made up .* x 1×32 .*; say the shapes of inputs, or/);
    expect((await made(odd, { shapes: { x: [1, 77] } })).shapes).toEqual({ x: [1, 77] });
  });

  it('are not of a size at which the same input gives different answers, where that is asked', async () => {
    let turn = 0;
    const run: MakeUpOptions['run'] = async ({ x }) => ({
      y: { type: 'float32', dims: [1], data: Float32Array.of(x!.dims[1] === 512 ? 1 : turn++) },
    });
    const inputs: InputSpec[] = [{ name: 'x', type: 'float32', shape: ['batch', 'sequence'] }];
    expect((await makeUpInputs(inputs, { run, twice: true })).shapes).toEqual({ x: [1, 512] });
    expect((await makeUpInputs(inputs, { run })).shapes).toEqual({ x: [1, 32] });
    const never: MakeUpOptions['run'] = (feeds) => run({ x: { ...feeds.x!, dims: [1, 1] } });
    expect((await makeUpInputs(inputs, { run: never, twice: true })).shapes).toEqual({ x: [1, 32] });
  });

  it('are whole numbers that the graph takes where it does not say which', async () => {
    // Index 1 of a table that is computed, of one row.
    const { runs } = await made({
      nodes: [node('Gather', ['rows', 'which'], ['y']), node('Mul', ['x', 'two'], ['rows'])].reverse(),
      inputs: [value('x', FLOAT, [1, 4]), value('which', DataType.INT64, [16])],
      initializers: [tensor('two', [1], Float32Array.of(2))],
    });
    expect(runs).toBe(2);
  });

  it('ask the runtime for nothing else once they are cancelled', async () => {
    const controller = new AbortController();
    const run = () => {
      controller.abort();
      return Promise.reject(new Error('refused'));
    };
    const inputs: InputSpec[] = [{ name: 'x', type: 'float32', shape: ['batch', 'sequence'] }];
    await expect(makeUpInputs(inputs, { run, signal: controller.signal })).rejects.toThrow('aborted');
  });
});
