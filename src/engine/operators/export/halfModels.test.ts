import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { layersOf } from '../../model/layers';
import { readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { scopeOf } from '../../model/scopes';
import { floatsToHalves, halvesToFloats } from '../../model/tensors';
import { expectClose } from '../../reference/compare';
import { OPERATORS } from '../all.fixtures';
import { product } from '../product';
import { replaceWeights } from './replace';
import { outputOf } from './running.fixtures';
import { consumptionOf } from './subgraph';

const runtime = nodeRuntime();
const { FLOAT, FLOAT16 } = DataType;
const NAMES = [
  '4 bits',
  '2 bits, half precision',
  '8 bits, int8 inputs',
  'int8 inputs but for two columns',
  'codebook of 16',
  'codebook of 100, half precision',
];

describe('in a model that computes in float16', () => {
  for (const name of NAMES) {
    it(name, async () => {
      const operator = await OPERATORS[name]!(17);
      const [out, inner] = operator.shape as [number, number];
      const x = halvesToFloats(floatsToHalves(gaussian(seeded(4), [5, inner])));
      const bytes = modelBytes({
        nodes: [
          node('Cast', ['x'], ['x16'], { to: FLOAT16 }),
          node('MatMul', ['x16', 'w'], ['y16'], {}, { name: 'fc' }),
          node('Cast', ['y16'], ['y'], { to: FLOAT }),
        ],
        inputs: [value('x', FLOAT, [5, inner])],
        outputs: [value('y', FLOAT)],
        initializers: [tensor('w', [inner, out], new Uint16Array(out * inner), FLOAT16)],
      });
      const model = await readModel(memorySource(bytes, 'half.onnx'));
      const main = scopeOf(model);
      const [layer] = layersOf(main);
      expect(consumptionOf(layer!)).toEqual({ mode: 'rows', type: 'float16', read: 'transposed' });
      const weight = await operator.toDense();
      const turned = new Float32Array(weight.length);
      for (let i = 0; i < out; i++) for (let j = 0; j < inner; j++) turned[j * out + i] = weight[i * inner + j]!;
      const expected = product(x, turned, 5, inner, out);
      const largest = expected.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
      for (const form of ['factored', 'load', 'use'] as const) {
        const changed = await replaceWeights(model, main, new Map([[layer!, operator]]), {
          choice: { aim: 'speed', form },
        });
        const actual = await outputOf(changed, { x: { type: 'float32', dims: [5, inner], data: x } }, runtime, 'cpu');
        // Weights and outputs are rounded at 2^−11 each; 8-bit inputs as in TOLERANCE.
        const tolerance = form === 'factored' && name.includes('int8') ? 1.5e-2 : 2e-3;
        expectClose(actual, expected, tolerance * largest, `${name}, ${form}`);
        expect(actual.some((entry) => entry !== 0)).toBe(true);
      }
    });
  }
});

it('computes in float32 where a Cast stands between the stored weight and its consumer', async () => {
  const bytes = modelBytes({
    nodes: [node('Cast', ['w'], ['w32'], { to: FLOAT }), node('MatMul', ['x', 'w32'], ['y'], {}, { name: 'fc' })],
    inputs: [value('x', FLOAT, ['n', 24])],
    outputs: [value('y', FLOAT)],
    initializers: [tensor('w', [24, 16], new Uint16Array(24 * 16), FLOAT16)],
  });
  const model = await readModel(memorySource(bytes, 'stored.onnx'));
  const [layer] = layersOf(scopeOf(model));
  expect(layer!.dtype).toBe('float16');
  expect(consumptionOf(layer!).type).toBe('float32');
});
