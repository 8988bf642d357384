import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { controlsOf, initialOptions } from '../methods/options';
import { getMethod, methods } from '../methods/registry';
import { layersOf } from '../model/layers';
import { opsetOf, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { scopeOf } from '../model/scopes';
import type { FloatType } from '../operators/operator';
import { weightOf } from '../operators/weight';
import { normal } from '../reference/random';
import { compress } from './compress';
import { planStack, type StackStep } from './plan';
import { checkRecipe } from './schema';
import { spectrumOf } from './spectra';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

const SHAPES = { matrix: [64, 96], kernel: [32, 24, 3, 3] } as const;

/** One Gemm or one Conv with random weights whose rows fall in size. */
async function modelOf(kind: keyof typeof SHAPES) {
  const shape = SHAPES[kind];
  const count = shape.reduce((product, size) => product * size, 1);
  const each = count / shape[0];
  const values = Float32Array.from(normal(count, 5), (entry, at) => entry * 0.9 ** Math.floor(at / each));
  const conv = kind === 'kernel';
  const attributes: Record<string, number | number[]> = conv ? { kernel_shape: [3, 3] } : { transB: 1 };
  const bytes = modelBytes({
    nodes: [node(conv ? 'Conv' : 'Gemm', ['x', 'w'], ['y'], attributes, { name: 'fc' })],
    inputs: [value('x', DataType.FLOAT, conv ? ['n', 24, 8, 8] : ['n', 96])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [tensor('w', [...shape], values)],
  });
  return readModel(memorySource(bytes, 'm.onnx'));
}

/** What running a stack gives, and what was planned for it. */
async function both(kind: keyof typeof SHAPES, steps: readonly StackStep[]) {
  const model = await modelOf(kind);
  const [layer] = layersOf(scopeOf(model));
  const factorisations = new Factorisations(backend);
  const spectrum = await spectrumOf(layer!.id, weightOf(model, layer!), factorisations, {});
  const recipe = checkRecipe({ version: 1, steps: steps.map((step) => ({ ...step, layers: 'fc' })) });
  const { report } = await compress(model, recipe, { factorisations });
  const { shape, op, dtype } = layer!;
  const planned = planStack({ shape, type: dtype as FloatType, op, opset: opsetOf(model), spectrum }, recipe.steps);
  return { ran: report.layers[0]?.steps ?? [], skipped: report.skipped, planned };
}

const svd = (options: object) => ({ method: 'svd', options });
const half = { method: 'half', options: {} };

describe.each(Object.keys(SHAPES) as (keyof typeof SHAPES)[])('the plan of a %s', (kind) => {
  it.each([
    [[svd({ size: 0.5 })]],
    [[svd({ energy: 0.9 }), half]],
    [[half, svd({ size: 0.6 })]],
    [[svd({ size: 0.8 }), svd({ rank: 4 }), half, half]],
  ])('is what running it stores: %j', async (steps) => {
    const { ran, planned } = await both(kind, steps);
    const sizes = ({ form, bytes, parameters, multiplyAdds }: (typeof ran)[number]) => [
      form,
      bytes,
      parameters,
      multiplyAdds,
    ];
    expect(planned.map(({ operator }) => operator && sizes(operator as never))).toEqual(ran.map(sizes));
    expect(planned.map(({ skipped }) => skipped)).toEqual(ran.map(({ skipped }) => skipped));
    // Truncation follows from the spectrum; rounding, 2e−4 for each of up to six factors, is foretold as if Ŵ had W's norm.
    for (const [i, { added }] of planned.entries()) {
      if (added !== undefined) expect(Math.abs(added - ran[i]!.added)).toBeLessThan(1e-3 * ran[i]!.added + 6e-4);
    }
    expect(planned[0]!.added).toBeGreaterThan(0);
  });

  it('says why nothing would change', async () => {
    const { skipped, planned } = await both(kind, [svd({ rank: 60 })]);
    expect(planned[0]!.skipped).toBe(skipped[0]!.reason);
    expect(planned[0]!.operator!.form).toBe('dense');
  });

  it('of every method holds for the options that a form begins with', async () => {
    for (const { name, options, needsData } of methods) {
      const given = initialOptions(controlsOf(options));
      const checked = options.parse(given);
      if (needsData?.(checked)) continue;
      const { ran, planned } = await both(kind, [{ method: name, options: given }]);
      const operator = planned[0]!.operator;
      if (!operator || !ran[0]) continue;
      // A train shares a size among its bonds by spectra: planned without them it is off by what a bond more would take.
      if (name === 'tensor-train') expect(Math.abs(ran[0].bytes / operator.bytes - 1)).toBeLessThan(0.05);
      else expect([name, operator.bytes]).toEqual([name, ran[0].bytes]);
    }
  });
});

it('sizes that are found among all layers are estimated from one, and said to be, from that step on', () => {
  const layer = { shape: [64, 96], type: 'float32' as const, op: 'Gemm', opset: 17 };
  const prune = (options: object) => ({ method: 'prune', options: getMethod('prune').options.parse(options) });
  const [before, among, after] = planStack(layer, [half, prune({ sparsity: 0.5, scope: 'model' }), half]);
  const [, alone] = planStack(layer, [half, prune({ sparsity: 0.5, scope: 'layer' })]);
  expect([before!.estimated, alone!.estimated]).toEqual([undefined, undefined]);
  expect(among!.operator!.bytes).toBe(alone!.operator!.bytes);
  expect([among!.estimated, after!.estimated]).toEqual([true, true]);
});

it('sizes are unknown from the step on that only running knows', async () => {
  const layer = { shape: [64, 96], type: 'float32' as const, op: 'Gemm', opset: 17 };
  const planned = planStack(layer, [half, svd({ error: 0.2 }), half]);
  expect(planned.map(({ operator }) => operator?.bytes)).toEqual([64 * 96 * 2, undefined, undefined]);
});

it('knows which layers no data tells about', () => {
  const layer = { shape: [64, 96], type: 'float32', op: 'MatMul', opset: 17 } as const;
  const noInput = 'one of its consumers reads it by index';
  const steps = (options: object) => [{ method: 'prune', options: getMethod('prune').options.parse(options) }];
  const looking = planStack({ ...layer, noInput }, steps({ sparsity: 0.5, score: 'wanda' }))[0]!;
  expect(looking.skipped).toBe(`needs statistics of its input, and ${noInput}`);
  expect(looking.operator!.form).toBe('dense');
  expect(planStack(layer, steps({ sparsity: 0.5, score: 'wanda' }))[0]!.skipped).toBeUndefined();
  expect(planStack({ ...layer, noInput }, steps({ sparsity: 0.5 }))[0]!.skipped).toBeUndefined();
});

it('says which size can’t be reached', () => {
  const layer = { shape: [64, 96], type: 'float32', op: 'MatMul', opset: 17 } as const;
  const advice = (size: number) => planStack(layer, [{ method: 'svd', options: { size } }])[0]!.advice.join(' ');
  expect(advice(0.001)).toContain(
    "It can't come to 0.1 % of its bytes. Smallest possible: lowRank 1, 2.6 % of the bytes.",
  );
  expect(advice(0.1)).not.toContain("can't come to");
});
