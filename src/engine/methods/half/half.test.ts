import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { createCpuBackend } from '../../cpu/backend';
import { readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { bytesOfFile } from '../../model/write';
import { dense } from '../../operators/dense/dense';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { normal } from '../../reference/random';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { svd } from '../svd/svd';
import { half } from './half';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));
const [rows, columns] = [48, 64];
const values = Float32Array.from(normal(rows * columns, 3));
const leafOf = (held: Float32Array<ArrayBuffer>, type: 'float32' | 'float16' = 'float32') =>
  dense([rows, columns], type, async () => held);

describe('half', () => {
  it('stores what it plans, rounded to nearest', async () => {
    const leaf = leafOf(values);
    const outcome = await half.apply(leaf, {}, context);
    if (!('operator' in outcome)) throw new Error(outcome.skipped);
    const plan = half.plan(leaf, {}, context);
    if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
    expect([plan.bytes, plan.parameters, plan.form]).toEqual([
      outcome.operator.bytes,
      outcome.operator.parameters,
      outcome.operator.form,
    ]);
    expect(plan.bytes).toBe(leaf.bytes / 2);
    const rounded = await outcome.operator.toDense();
    // Half a unit in the last of 11 places of a normal float16, and of 2^−24 below 2^−14.
    const beyond = rounded.findIndex(
      (now, i) => Math.abs(now - values[i]!) > Math.max(2 ** -11 * Math.abs(values[i]!), 2 ** -25),
    );
    expect(beyond).toBe(-1);
    expect(await half.apply(outcome.operator as typeof leaf, {}, context)).toEqual({
      skipped: 'is stored as float16 already',
    });
  });

  it('leaves a weight whose numbers vanish in float16 or lose their digits', async () => {
    for (const [exponent, lost] of [
      [-84, '100 %'],
      [-22, '7.'],
    ] as const) {
      const outcome = await half.apply(leafOf(values.map((value) => value * 2 ** exponent)), {}, context);
      expect(outcome).toHaveProperty('skipped', expect.stringContaining(`float16 would change it by ${lost}`));
    }
    expect(await half.apply(leafOf(values.map((value) => value * 2 ** -16)), {}, context)).toHaveProperty('operator');
    expect(await half.apply(leafOf(new Float32Array(values.length)), {}, context)).toHaveProperty('operator');
  });

  it('leaves a weight that float16 cannot hold, and names the number', async () => {
    const large = values.slice();
    large[5] = -65520;
    expect(await half.apply(leafOf(large), {}, context)).toEqual({
      skipped: 'holds -65520 at element 5, and float16 ends at 65504',
    });
    // Rounds down to the largest that there is.
    large[5] = 65519;
    expect(await half.apply(leafOf(large), {}, context)).toHaveProperty('operator');
  });

  it('follows another method, leaf by leaf, and the model runs', async () => {
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
      inputs: [value('x', DataType.FLOAT, ['n', rows])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [tensor('w', [rows, columns], values)],
    });
    const model = await readModel(memorySource(bytes, 'm.onnx'));
    const step = (method: string, options: object) => ({ layers: 'fc', method, options });
    const steps = [step('svd', { rank: 8 }), step('half', {})];
    const small = (some: object[]) =>
      compress(model, checkRecipe({ version: 1, steps: some }), { factorisations: new Factorisations(backend) });
    const { files, report } = await small(steps);
    const plan = svd.plan(leafOf(values), { rank: 8 }, context);
    if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
    const [layer] = report.layers;
    expect(layer!.steps.map(({ method, bytes }) => [method, bytes])).toEqual([
      ['svd', plan.bytes],
      ['half', plan.bytes / 2],
    ]);
    // 2^−11/√3·0.72 for each of two factors, added as independent: 2.9e−4, and the seed moves it by a few percent.
    expect(layer!.steps[1]!.added).toBeGreaterThan(1.5e-4);
    expect(layer!.steps[1]!.added).toBeLessThan(4.5e-4);

    const run = async (source: Uint8Array) => {
      const session = await runtime.open({ bytes: source as Uint8Array<ArrayBuffer>, externalData: [] }, 'cpu');
      const x = Float32Array.from(normal(5 * rows, 9));
      const { y } = await session.run({ x: { type: 'float32', dims: [5, rows], data: x } });
      await session.release();
      return y!.data as Float32Array;
    };
    const before = await run(await bytesOfFile((await small(steps.slice(0, 1))).files[0]!));
    const after = await run(await bytesOfFile(files[0]!));
    const distance = Math.hypot(...after.map((now, i) => now - before[i]!)) / Math.hypot(...before);
    // What rounding adds to the weight it adds to the outputs of random inputs.
    expect(distance).toBeGreaterThan(1.5e-4);
    expect(distance).toBeLessThan(4.5e-4);
  });
});
