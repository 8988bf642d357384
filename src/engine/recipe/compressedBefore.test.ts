import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inspect } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { bytesOfFile } from '../model/write';
import { compress } from './compress';
import { STEPS } from './everyMethod.fixtures';
import { checkRecipe } from './schema';

const backend = createCpuBackend(nodeRuntime());

const original = (up = 'up', down = 'down') =>
  readModel(
    memorySource(
      modelBytes({
        nodes: [
          node('MatMul', ['x', 'w'], ['a'], {}, { name: up }),
          node('Gemm', ['a', 'v'], ['y'], { transB: 1 }, { name: down }),
        ],
        inputs: [value('x', DataType.FLOAT, ['n', 96])],
        outputs: [value('y', DataType.FLOAT)],
        initializers: [
          tensor('w', [96, 128], gaussian(seeded(1), [96, 128])),
          tensor('v', [64, 128], gaussian(seeded(2), [64, 128])),
        ],
      }),
      'm.onnx',
    ),
  );

async function compressed(model: Model, steps: readonly object[], aim = 'speed') {
  const recipe = checkRecipe({ version: 1, export: { aim }, steps });
  const { files, report } = await compress(model, recipe, { factorisations: new Factorisations(backend) });
  return { model: await readModel(memorySource(await bytesOfFile(files[0]!), 'c.onnx')), report };
}

const step = (method: string, options: object, layers = '*') => ({ layers, method, options });
const formsOf = (model: Model) =>
  inspect(model).layers.map(({ name, op, shape, reason }) => [name, op, shape.join('×'), reason ?? 'compressible']);
const both = (up: string, down = up) => [
  ['up', 'MatMul', '128×96', `already compressed: ${up}`],
  ['down', 'Gemm', '64×128', `already compressed: ${down}`],
];

describe('a model that was compressed before', () => {
  const cases: [string, object[], string[][]][] = [
    ['quantize', [step('quantize', { bits: 4 })], both('4-bit groups of 32')],
    ['int8', [step('quantize', { bits: 8, activations: 'dynamic' })], both('8-bit per channel, int8 inputs')],
    ['prune', [step('prune', { sparsity: 0.75 })], both('sparse 75 %')],
    ['cluster', [step('cluster', { values: 16 })], both('codebook of 16')],
    ['share', [step('share', { size: 0.5 })], both('shared 6142', 'shared 4094')],
    [
      'svd and quantize',
      [step('svd', { rank: 32 }), step('quantize', { bits: 4, groupSize: 16 })],
      both('lowRank 32 of 4-bit groups of 16'),
    ],
  ];
  for (const aim of ['speed', 'file', 'memory']) {
    it.each(cases)(`tells each layer once, as what it is: %s, best for ${aim}`, async (_, steps, wanted) => {
      const { model, report } = await compressed(await original(), steps, aim);
      expect(formsOf(model)).toEqual(wanted);
      const { parameters, layers } = inspect(model);
      expect(layers.map((layer) => layer.parameters)).toEqual(report.layers.map((layer) => layer.parametersAfter));
      expect(layers.map(({ bytes }) => bytes)).toEqual(report.layers.map(({ bytesAfter }) => bytesAfter));
      // Nodes that rebuild a weight may hold a few numbers of their own: a zero to gather, a one to spread by.
      expect(parameters).toBeGreaterThanOrEqual(report.after.parameters);
      expect(parameters).toBeLessThanOrEqual(report.after.parameters + 16);
    });
  }

  it('tells layers by their weights where nodes have no names', async () => {
    const { model } = await compressed(await original('', ''), [step('prune', { sparsity: 0.75 })]);
    const reason = 'already compressed: sparse 75 %';
    expect(formsOf(model)).toEqual([
      ['w', 'MatMul', '128×96', reason],
      ['v', 'Gemm', '64×128', reason],
    ]);
  });

  it('shows factors as the layers that they are, and what stands beside them', async () => {
    const svd = await compressed(await original(), [step('svd', { rank: 16 })]);
    expect(formsOf(svd.model)).toEqual([
      ['up/MatMul', 'MatMul', '16×96', 'compressible'],
      ['up', 'MatMul', '128×16', 'compressible'],
      ['down/MatMul', 'MatMul', '16×128', 'compressible'],
      ['down', 'Gemm', '64×16', 'compressible'],
    ]);
    const sum = await compressed(await original(), [step('low-rank-plus-sparse', { size: 0.5 }, 'up')], 'memory');
    const [first, second, rest] = inspect(sum.model).layers;
    expect([first!.compressible, second!.compressible]).toEqual([true, true]);
    expect(rest!.reason).toMatch(/^already compressed: lowRank \d+ \+ sparse .* %, but for the factors listed$/);
    expect(first!.parameters + second!.parameters + rest!.parameters).toBe(sum.report.layers[0]!.parametersAfter);
  });

  it('is reported again after another compression of its factors, and as before where that left it', async () => {
    const first = await compressed(await original(), [
      step('svd', { rank: 16 }, 'up'),
      step('quantize', { bits: 8 }, 'down'),
    ]);
    const second = await compressed(first.model, [step('quantize', { bits: 4, groupSize: 16 }, 'up*')]);
    expect(formsOf(second.model)).toEqual([
      ['up/MatMul', 'MatMul', '16×96', 'already compressed: 4-bit groups of 16'],
      ['up', 'MatMul', '128×16', 'already compressed: 4-bit per channel'],
      ['down', 'Gemm', '64×128', 'already compressed: 8-bit groups of 32'],
    ]);
  });

  it('is reported from its MatMulNBits where no metadata say more', async () => {
    const { model } = await compressed(await original(), [step('quantize', { bits: 4 }, 'up')], 'memory');
    const twice = '{"v": ["down", "Gemm", "2-bit", [1], 1, 65536, "v", "v"]}';
    for (const metadata of [
      undefined,
      'spoilt',
      '{"w": 1}',
      '{"w": ["up", "MatMul", "2-bit", [1], 1, 1, "v"]}',
      twice,
    ]) {
      const metadataProps = model.proto.metadataProps.filter(({ key }) => key !== 'carrara.layers');
      if (metadata !== undefined)
        metadataProps.push({ ...model.proto.metadataProps[0]!, key: 'carrara.layers', value: metadata });
      const { layers, parameters } = inspect({ ...model, proto: { ...model.proto, metadataProps } });
      expect(layers[0]).toMatchObject({
        op: 'MatMulNBits',
        shape: [128, 96],
        parameters: 128 * 96,
        // 3 groups of 32 a row: codes, a scale each, and 2 bytes of zero points.
        bytes: 128 * (48 + 3 * 4 + 2),
        reason: '4-bit weights in groups of 32, already quantised',
      });
      expect(layers.map(({ name }) => name)).toEqual(['up', 'down']);
      expect(parameters).toBe(128 * 96 + 64 * 128);
    }
  });
});

describe('a model that was compressed before', () => {
  it('is left as it is, layer by layer, with what each is already', async () => {
    const { model } = await compressed(await original(), [step('quantize', { bits: 4 })]);
    const again = await compressed(model, [step('quantize', { bits: 4 })]);
    expect(again.report.layers).toEqual([]);
    expect(again.report.skipped).toEqual([
      { name: 'up', reason: 'already compressed: 4-bit groups of 32', already: true },
      { name: 'down', reason: 'already compressed: 4-bit groups of 32', already: true },
    ]);
    const one = await compressed(model, [step('svd', { rank: 4 }, 'up')]);
    expect(one.report.skipped.map(({ name }) => name)).toEqual(['up']);
    const others = [{ ...step('svd', { rank: 4 }), ignore: 'up' }];
    expect((await compressed(model, others)).report.skipped.map(({ name }) => name)).toEqual(['down']);
    await expect(compressed(model, [step('svd', { rank: 4 }, 'op:Conv')])).rejects.toThrow(/matches no layer/);
  });

  it('by other tools is said to be so as well', async () => {
    const codes = Int8Array.from({ length: 64 * 48 }, (_, i) => (i % 255) - 127);
    const model = await readModel(
      memorySource(
        modelBytes({
          opset: 13,
          inputs: [value('x', DataType.FLOAT, ['n', 64])],
          outputs: [value('y', DataType.FLOAT)],
          nodes: [
            node('DequantizeLinear', ['codes', 'scale'], ['w'], {}, { name: 'dequantise' }),
            node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' }),
          ],
          initializers: [tensor('codes', [64, 48], codes), tensor('scale', [], Float32Array.of(0.1))],
        }),
        'q.onnx',
      ),
    );
    expect(inspect(model).layers[0]).toMatchObject({ stored: 'int8', reason: 'already quantised (int8)' });
    for (const { method, options } of STEPS.filter(({ method }) => method !== 'prune-structured')) {
      if (/wanda|sparsegpt|gptq|awq|outliers|full|diagonal/.test(JSON.stringify(options))) continue;
      const { report } = await compressed(model, [step(method, options)]);
      expect(report.skipped).toEqual([{ name: 'dequantise', reason: 'already quantised (int8)', already: true }]);
    }
  });
});
