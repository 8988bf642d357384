import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { isGraphMethod, type Method } from '../methods/method';
import { methods } from '../methods/registry';
import { gaussian } from '../model/fixtures';
import type { Layer } from '../model/layers';
import { denseOf } from '../operators/dense/dense';
import { isDense } from '../operators/operator';
import { statisticsOf } from '../operators/statistics.fixtures';
import { planStack } from './plan';
import type { StepReport } from './report';
import type { LayerProgress } from './runner/layerProgress';
import { runLeafStep } from './runner/leafStep';

/** Options of every method that rewrites leaves, each with what a second step of the same says where it does nothing. */
const TWICE: Readonly<Record<string, readonly (readonly [options: object, skipped?: RegExp])[]>> = {
  svd: [
    [{ rank: 8 }, /^would not get smaller: rank 8 .* \(break-even is rank 7\.8\)$/],
    [{ size: 0.6 }],
    [{ size: 0.5, whiten: 'full' }],
    [{ size: 0.5, whiten: 'diagonal' }],
  ],
  'tensor-train': [[{ bond: 12 }, /^would not get smaller: a train with bonds/], [{ size: 0.5 }]],
  'low-rank-plus-sparse': [[{ size: 0.6 }, /^can't come to 0.6 of its/]],
  prune: [
    [{ sparsity: 0.7 }],
    [{ size: 0.4 }],
    [{ sparsity: 0.5, pattern: { n: 2, m: 4 } }],
    [{ sparsity: 0.75, pattern: { block: [4, 4] } }, /^would not get smaller: sparse 4×4/],
    [
      { sparsity: 0.6, score: 'wanda' },
      /needs statistics of .*, and none reach what sparse [^:]+: take an option that looks at no data$/,
    ],
    [
      { sparsity: 0.6, score: 'sparsegpt' },
      /needs statistics of .*, and none reach what sparse [^:]+: take an option that looks at no data$/,
    ],
  ],
  quantize: [
    [{ bits: 8 }, /^nothing is left to rewrite: it is 8-bit/],
    [{ bits: 4, groupSize: 16, rounding: 'gptq' }, /^nothing is left to rewrite/],
    [{ bits: 4, groupSize: 16, rounding: 'awq' }, /^nothing is left to rewrite/],
  ],
  cluster: [[{ values: 16 }, /^nothing is left to rewrite: it is codebook/]],
  share: [[{ size: 0.4 }]],
  half: [[{}, /^is stored as float16 already$/]],
};

/** Large enough that a train of a core saves more than its nodes take. */
const SHAPE = [160, 256];

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

describe('a method twice refines what the first one left, or says why not, as planned', () => {
  it('for every method', () => {
    expect(Object.keys(TWICE)).toEqual(methods.filter((method) => !isGraphMethod(method)).map(({ name }) => name));
  });

  const cases = Object.entries(TWICE).flatMap(([name, each]) =>
    each.map(([given, refusal]) => ({ name, given: JSON.stringify(given), refusal })),
  );
  it.each(cases)('$name $given', async ({ name, given, refusal }) => {
    const method = methods.find((each) => each.name === name) as Method;
    const options = method.options.parse(JSON.parse(given));
    const shape = SHAPE;
    const weight = denseOf(shape, 'float32', gaussian(seeded(3), shape));
    const layer = { name: 'fc', op: 'MatMul', compressible: true } as Layer;
    const { bytes, parameters } = weight;
    const work: LayerProgress = {
      layer,
      weight,
      before: { bytes, parameters },
      normShare: 1,
      operator: weight,
      steps: [],
      ms: 0,
    };
    const input = statisticsOf(gaussian(seeded(7), [400, SHAPE[1]!]), SHAPE[1]!);
    const call = {
      factorisations: new Factorisations(backend),
      seed: 0,
      opset: 17,
      statisticsOf: () => input,
    };
    for (let i = 0; i < 2; i++) await runLeafStep([work], method, options, call);
    const plan = planStack({ shape, type: 'float32', op: layer.op, opset: 17 }, [
      { method: name, options },
      { method: name, options },
    ]);
    const [first, second] = work.steps as [StepReport, StepReport];
    expect(first.skipped).toBeUndefined();
    expect(first.bytes).toBeLessThan(bytes);
    if (refusal) {
      expect(second.skipped).toMatch(refusal);
      expect(plan[1]!.skipped).toMatch(refusal);
    } else {
      expect(second.skipped ?? plan[1]!.skipped).toBeUndefined();
      expect(second.bytes).toBeLessThan(first.bytes);
      expect(second.error).toBeGreaterThan(first.error);
    }
    // Trains share a size among their bonds by spectra that a plan has not seen.
    expect(Math.abs(plan[1]!.operator!.bytes / second.bytes - 1)).toBeLessThan(name === 'tensor-train' ? 0.1 : 1e-3);
  });
});

/** What two steps of pruning leave of a matrix of the shape, and what was planned. */
async function prunedTwice(shape: number[], sparsities: readonly number[], opset: number) {
  const method = methods.find(({ name }) => name === 'prune') as Method;
  const weight = denseOf(shape, 'float32', gaussian(seeded(3), shape));
  const { bytes, parameters } = weight;
  const layer = { name: 'fc', op: 'MatMul', compressible: true } as Layer;
  const work: LayerProgress = {
    layer,
    weight,
    before: { bytes, parameters },
    normShare: 1,
    operator: weight,
    steps: [],
    ms: 0,
  };
  const steps = sparsities.map((sparsity) => method.options.parse({ sparsity }));
  const call = {
    factorisations: new Factorisations(backend),
    seed: 0,
    opset,
    statisticsOf: () => 'no data is open',
  };
  for (const options of steps) await runLeafStep([work], method, options, call);
  const planned = planStack(
    { shape, type: 'float32', op: layer.op, opset },
    steps.map((options) => ({ method: 'prune', options })),
  );
  return { work, planned };
}

it('a small weight pruned twice is judged with its one mask, not by nodes that a second one would take', async () => {
  const { work, planned } = await prunedTwice([64, 64], [0.9, 0.5], 17);
  expect(work.steps.map(({ skipped }) => skipped)).toEqual([undefined, undefined]);
  expect(work.operator.children.every(isDense)).toBe(true);
  expect(work.steps[1]!.bytes).toBeLessThan(0.55 * work.steps[0]!.bytes);
  expect(planned[1]!.skipped).toBeUndefined();
  expect(Math.abs(planned[1]!.operator!.bytes / work.steps[1]!.bytes - 1)).toBeLessThan(0.02);
});

it.each([
  [
    [64, 64],
    [0.9, 0.5],
  ],
  [
    [64, 64],
    [0.9, 0.2],
  ],
  [
    [256, 512],
    [0.9, 0.2],
  ],
  [
    [256, 512],
    [0.8, 0.5],
  ],
] as const)('%o pruned to %o where rows are filled up: padding is no weight', async (shape, [first, second]) => {
  const { work, planned } = await prunedTwice([...shape], [first, second], 9);
  const count = shape[0] * shape[1];
  const once = Math.round((1 - first) * count);
  const twice = Math.round((1 - second) * once);
  expect(work.steps.map(({ parameters }) => parameters)).toEqual([once, twice]);
  expect(planned.map(({ operator }) => operator!.parameters)).toEqual([once, twice]);
  expect((await work.operator.toDense()).reduce((sum, entry) => sum + Number(entry !== 0), 0)).toBe(twice);
  expect(work.steps[1]!.added).toBeGreaterThan(0.01);
  // The fullest row is known to one or two.
  for (const [i, { operator, estimated }] of planned.entries()) {
    expect(estimated).toBe(true);
    expect(Math.abs(operator!.bytes / work.steps[i]!.bytes - 1)).toBeLessThan(shape[0] < 100 ? 0.2 : 0.06);
  }
  const { form } = work.operator;
  if (form.includes(' of ')) expect(form).toBe(`sparse ${100 * first} % of sparse ${100 * second} %`);
});
