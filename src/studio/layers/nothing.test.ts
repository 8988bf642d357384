import { expect, it } from 'vitest';
import { memorySource } from '../../engine/core/bytes';
import { seeded } from '../../engine/core/random';
import { createCpuBackend } from '../../engine/cpu/backend';
import { Factorisations } from '../../engine/methods/factorisations';
import { gaussian } from '../../engine/model/fixtures';
import { inspect } from '../../engine/model/inspect';
import { readModel } from '../../engine/model/model';
import { DataType, modelBytes, node, tensor, value } from '../../engine/model/onnx/build';
import { bytesOfFile } from '../../engine/model/write';
import type { LayerReport } from '../../engine/project/engine';
import { compress } from '../../engine/recipe/compress';
import { checkRecipe } from '../../engine/recipe/schema';
import { nodeRuntime } from '../../runtime/node';
import { emptyListReason } from './nothing';

/** The layers of two MatMuls after each had this bit width. */
async function quantised(bits: readonly [number, number]) {
  const model = await readModel(
    memorySource(
      modelBytes({
        nodes: [
          node('MatMul', ['x', 'w'], ['a'], {}, { name: 'up' }),
          node('MatMul', ['a', 'v'], ['y'], {}, { name: 'down' }),
        ],
        inputs: [value('x', DataType.FLOAT, ['n', 64])],
        outputs: [value('y', DataType.FLOAT)],
        initializers: [
          tensor('w', [64, 96], gaussian(seeded(1), [64, 96])),
          tensor('v', [96, 64], gaussian(seeded(2), [96, 64])),
        ],
      }),
      'm.onnx',
    ),
  );
  const steps = ['up', 'down'].map((layers, i) => ({ layers, method: 'quantize', options: { bits: bits[i] } }));
  const factorisations = new Factorisations(createCpuBackend(nodeRuntime()));
  const { files } = await compress(model, checkRecipe({ version: 1, steps }), { factorisations });
  return inspect(await readModel(memorySource(await bytesOfFile(files[0]!), 'c.onnx'))).layers;
}

it('says that a model was compressed already, and as what', async () => {
  expect(emptyListReason(await quantised([4, 4]))).toBe(
    'This model was compressed already: 2 layers are stored as 4-bit groups of 32; open the original to compress it again.',
  );
  expect(emptyListReason(await quantised([4, 8]))).toContain(
    '2 layers are stored as 4-bit groups of 32, 8-bit groups of 32;',
  );
});

it('says so of a model that others quantised', async () => {
  const codes = tensor('codes', [64, 48], new Int8Array(64 * 48).fill(1));
  const model = await readModel(
    memorySource(
      modelBytes({
        opset: 13,
        nodes: [
          node('DequantizeLinear', ['codes', 'scale'], ['w'], {}, { name: 'dequantise' }),
          node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' }),
        ],
        inputs: [value('x', DataType.FLOAT, ['n', 64])],
        outputs: [value('y', DataType.FLOAT)],
        initializers: [codes, tensor('scale', [], Float32Array.of(0.1))],
      }),
      'q.onnx',
    ),
  );
  expect(emptyListReason(inspect(model).layers)).toBe(
    'This model was compressed already: one layer is stored as int8; open the original to compress it again.',
  );
});

it('says of any other that it holds nothing to compress', async () => {
  const [{ stored: _, ...layer }] = (await quantised([4, 4])) as [LayerReport];
  expect(emptyListReason([])).toBe('This model holds no weight that can be compressed.');
  expect(emptyListReason([{ ...layer, reason: 'computed while the model runs' }])).toMatch(
    /the list on the left says why/,
  );
});
