import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { generateDataset } from '../evaluation/generate';
import { memorySource } from '../model/bytes';
import { inputSpecs } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { sessionModelOf } from '../model/write';
import { verify } from './verify';

const runtime = nodeRuntime();

type Parts = Parameters<typeof modelBytes>[0];

const model = (parts: Partial<Parts>, weight = 1): Promise<Model> =>
  readModel(
    memorySource(
      modelBytes({
        nodes: [node('MatMul', ['x', 'w'], ['y'])],
        inputs: [value('x', DataType.FLOAT, ['n', 4])],
        outputs: [value('y', DataType.FLOAT)],
        initializers: [tensor('w', [4, 4], new Float32Array(16).fill(weight))],
        ...parts,
      }),
      'm.onnx',
    ),
  );

const check = (read: Model, written: Model, original: Model) =>
  verify(read, written, original, {
    dataset: () => generateDataset(inputSpecs(original), { samples: 4 }),
    open: async (opened) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu'),
  });

describe('verify', () => {
  it('accepts what computes the same, and nothing else', async () => {
    const written = await model({});
    expect(await check(await model({}), written, written)).toEqual({ by: 'outputs', compared: 4 });
    await expect(check(await model({}, 1.0000001), written, written)).rejects.toThrow('its output "y" differs');
  });

  it('compares whole numbers and NaN, too', async () => {
    const indices = { nodes: [node('ArgMax', ['x'], ['y'])], outputs: [value('y', DataType.INT64)] };
    const written = await model(indices);
    expect(await check(await model(indices), written, written)).toEqual({ by: 'outputs', compared: 4 });
    const nan = await model({}, Number.NaN);
    expect(await check(await model({}, Number.NaN), nan, nan)).toEqual({ by: 'outputs', compared: 4 });
  });

  it('refuses what does not run although its original does', async () => {
    const broken = await model({ nodes: [node('MatMul', ['x', 'lost'], ['y'])] });
    await expect(check(broken, broken, await model({}))).rejects.toThrow(
      /^m\.onnx runs, but what the recipe makes of it does not, so it is not offered: .*lost.*; leave out layers until/,
    );
  });

  it('compares weights where the original does not run either', async () => {
    const unknown = { nodes: [node('Frobnicate', ['x', 'w'], ['y'])] };
    const written = await model(unknown);
    expect(await check(await model(unknown), written, written)).toMatchObject({ by: 'weights', compared: 1 });
    await expect(check(await model(unknown, 2), written, written)).rejects.toThrow('tensor "w" differs');
  });
});
