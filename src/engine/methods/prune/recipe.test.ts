import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { type Model, readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { bytesOfFile, sessionModelOf } from '../../model/write';
import type { FloatType } from '../../operators/operator';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { backend, factorisations, random } from './prune.fixtures';

const runtime = nodeRuntime();
afterAll(() => backend.dispose());

describe('prune in a recipe', () => {
  const [inner, out] = [64, 48];
  const w = gaussian(random, [inner, out]);
  const modelOf = (opset = 17, type: FloatType = 'float32') =>
    readModel(
      memorySource(
        modelBytes({
          opset,
          nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
          inputs: [value('x', DataType.FLOAT, ['n', inner])],
          outputs: [value('y', DataType.FLOAT)],
          initializers: [tensor('w', [inner, out], w)],
        }),
        `${type}.onnx`,
      ),
    );
  const stack = (...steps: [string, object][]) =>
    checkRecipe({ version: 1, steps: steps.map(([method, options]) => ({ layers: 'fc', method, options })) });

  async function run(model: Model): Promise<Float32Array> {
    const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
    const x = gaussian(seeded(5), [7, inner]);
    const { y } = await session.run({ x: { type: 'float32', dims: [7, inner], data: x } });
    await session.release();
    return y!.data as Float32Array;
  }

  it('stacks with what comes before and after, and the model runs', async () => {
    for (const opset of [9, 17]) {
      for (const steps of [
        [
          ['prune', { sparsity: 0.5 }],
          ['half', {}],
        ],
        [
          ['half', {}],
          ['prune', { sparsity: 0.7 }],
        ],
        [
          ['svd', { rank: 12 }],
          ['prune', { sparsity: 0.6 }],
        ],
        [
          ['prune', { sparsity: 0.5 }],
          ['prune', { sparsity: 0.6 }],
        ],
      ] as [string, object][][]) {
        const { model, files, report } = await compress(await modelOf(opset), stack(...steps), { factorisations });
        const place = `opset ${opset}, ${JSON.stringify(steps)}`;
        const [layer] = report.layers;
        expect(
          layer!.steps.map(({ skipped }) => skipped),
          place,
        ).toEqual([undefined, undefined]);
        expect(layer!.steps[1]!.bytes, place).toBeLessThan(layer!.steps[0]!.bytes);
        expect(report.after.bytes, place).toBe((await bytesOfFile(files[0]!)).length);
        // What the report says of the weight is what the model computes: W·I.
        const [y, before] = [await run(model), await run(await modelOf(opset))];
        let [off, all] = [0, 0];
        for (let i = 0; i < y.length; i++) {
          off += (y[i]! - before[i]!) ** 2;
          all += before[i]! ** 2;
        }
        // Seven random inputs of 64 numbers: the error of a weight [48, 64] is met within a fifth.
        expect(Math.sqrt(off / all) / layer!.weightError.measured, place).toBeGreaterThan(0.8);
        expect(Math.sqrt(off / all) / layer!.weightError.measured, place).toBeLessThan(1.2);
      }
    }
  });

  it('takes a pattern in one piece or flat, and refuses what contradicts itself', () => {
    const options = (some: object) => stack(['prune', some]).steps[0]!.options;
    expect(options({ pattern: { n: 2, m: 4 } })).toEqual(options({ pattern: 'n:m' }));
    expect(options({ sparsity: 0.5, pattern: { block: [4, 4] } })).toEqual(
      options({ sparsity: 0.5, pattern: 'block' }),
    );
    const refused = (some: object) => {
      try {
        options(some);
      } catch (error) {
        return (error as Error).message.replace('The recipe, step 1: ', '');
      }
      throw new Error('accepted');
    };
    expect(refused({})).toMatch('must have exactly one of sparsity, size');
    expect(refused({ sparsity: 0.6, pattern: { n: 2, m: 4 } })).toMatch(
      'options.sparsity: must be 0.5, as 2:4 says, or left out (it is 0.6)',
    );
    expect(refused({ size: 0.6, pattern: { n: 2, m: 4 } })).toMatch(
      'options.size: must be left out with the pattern n:m',
    );
    expect(refused({ pattern: { n: 4, m: 4 } })).toMatch('must have an n below m, not 4 of 4');
    expect(refused({ sparsity: 0.5, pattern: { blocks: 4 } })).toMatch(
      'options.pattern: must be one of unstructured, n:m, block',
    );
    expect(refused({ sparsity: 0.5, score: 'sparsegpt', scope: 'model' })).toMatch(
      'options.scope: must be row or layer with sparsegpt',
    );
    expect(refused({ sparsity: 0.5, scope: 'column' })).toMatch('options.scope: must be one of row, layer, model');
  });
});
