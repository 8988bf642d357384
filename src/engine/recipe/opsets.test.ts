import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { gaussian } from '../model/fixtures';
import { inspect } from '../model/inspect';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { sessionModelOf } from '../model/write';
import { compress } from './compress';
import { STEPS } from './everyMethod.fixtures';
import { checkRecipe } from './schema';

const runtime = nodeRuntime();
const x = { type: 'float32', dims: [4, 64], data: gaussian(seeded(5), [4, 64]) } as const;

/** Two matrices; before opset 9 their initializers are inputs too, as IR version 3 asks for. */
function network(opset: number): Promise<Model> {
  const random = seeded(3);
  const held = [tensor('w1', [64, 96], gaussian(random, [64, 96])), tensor('w2', [96, 40], gaussian(random, [96, 40]))];
  const listed = opset > 8 ? [] : held.map(({ name, dims }) => value(name, DataType.FLOAT, dims.map(Number)));
  const bytes = modelBytes({
    opset,
    inputs: [value('x', DataType.FLOAT, [4, 64]), ...listed],
    outputs: [value('y', DataType.FLOAT)],
    nodes: [
      node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'fc1' }),
      node('Identity', ['h'], ['t']),
      node('MatMul', ['t', 'w2'], ['y'], {}, { name: 'fc2' }),
    ],
    initializers: held,
  });
  return readModel(memorySource(bytes, `opset${opset}.onnx`));
}

async function output(model: Model): Promise<Float32Array> {
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  try {
    return (await session.run({ x })).y!.data as Float32Array;
  } finally {
    await session.release();
  }
}

const DATA = /wanda|sparsegpt|full|diagonal|gptq|awq|outliers/;
const steps = STEPS.filter(({ options }) => !DATA.test(JSON.stringify(options)));
const run = async (model: Model, step: object, choice: object = {}) =>
  compress(model, checkRecipe({ version: 1, export: choice, steps: [{ layers: '*', ...step }] }), {
    factorisations: new Factorisations(createCpuBackend(runtime)),
  });

it('models of operators before opset 7 are left as they are by every method, which says why', async () => {
  for (const opset of [1, 5, 6]) {
    const model = await network(opset);
    expect(inspect(model).layers.map(({ compressible }) => compressible)).toEqual([false, false]);
    const expected = await output(model);
    for (const step of steps) {
      const { report, model: same } = await run(model, step);
      expect(report.layers).toEqual([]);
      for (const { reason } of report.skipped) expect(reason).toMatch(new RegExp(`opset ${opset}, .* need 7 or later`));
      expect(await output(same)).toEqual(expected);
    }
  }
});

it('what every method writes exists in the opset of its model, from 7 on', async () => {
  for (const opset of [7, 8, 9, 10, 11, 13, 18, 21]) {
    const model = await network(opset);
    const expected = await output(model);
    let rewritten = 0;
    for (const step of steps) {
      for (const choice of [{}, { form: 'use' }]) {
        const { report, model: changed } = await run(model, step, choice);
        if (report.layers.length === 0) continue;
        rewritten++;
        const what = `opset ${opset}: ${JSON.stringify(step)} ${JSON.stringify(choice)}`;
        const actual = await output(changed).catch((error: Error) => expect.fail(`${what}: ${error.message}`));
        // Half of a random matrix is worth little; what matters is that the file runs and is no nonsense.
        const far = Math.hypot(...actual.map((entry, i) => entry - expected[i]!)) / Math.hypot(...expected);
        expect(far, what).toBeLessThan(1);
      }
    }
    // A layout, an operator of 8-bit inputs or a product of trains may ask for a newer opset; most do not.
    expect(rewritten, `opset ${opset}`).toBeGreaterThan(12);
  }
});
