import { expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { Factorisations } from '../../methods/factorisations';
import type { Method } from '../../methods/method';
import { prune } from '../../methods/prune/prune';
import { getMethod } from '../../methods/registry';
import { gaussian } from '../../model/fixtures';
import type { Layer } from '../../model/layers';
import { denseOf, plannedDense } from '../../operators/dense/dense';
import { graphOverheadBytes } from '../../operators/export/graphOverhead';
import { lowRank } from '../../operators/lowRank/lowRank';
import type { Dense } from '../../operators/operator';
import { planStack } from '../plan';
import type { LayerProgress } from './layerProgress';
import { runLeafStep } from './leafStep';

const factorisations = new Factorisations(createCpuBackend(nodeRuntime()));

const workOn = (weight: Dense): LayerProgress => ({
  layer: { name: 'fc', op: 'Gemm', compressible: true } as Layer,
  weight,
  before: { bytes: weight.bytes, parameters: weight.parameters },
  normShare: 1,
  operator: weight,
  steps: [],
  ms: 0,
});
const inputs = { factorisations, seed: 0, opset: 17, statisticsOf: () => 'there is no data' };

it('asks for statistics once a layer where no budget is shared, and twice where one is', async () => {
  const weight = denseOf([32, 48], 'float32', gaussian(seeded(5), [32, 48]));
  for (const [scope, times] of [
    ['row', 1],
    ['model', 2],
  ] as const) {
    let asked = 0;
    const work = workOn(weight);
    await runLeafStep([work], prune as Method, prune.options.parse({ sparsity: 0.5, score: 'wanda', scope }), {
      ...inputs,
      statisticsOf: () => {
        asked++;
        return 'there is no data';
      },
    });
    expect(asked, scope).toBe(times);
    expect(work.steps[0]!.skipped, scope).toContain('there is no data');
  }
});

it.each([
  // 253 values of 4 bytes and 32 bytes of bits.
  ['prune', { sparsity: 0.01 }, [16, 16], 'sparse 1.2 % stores 1044 bytes in place of 1024'],
  // 16 values, and half a byte each.
  ['cluster', {}, [3, 5], 'codebook of 16 stores 72 bytes in place of 60'],
  ['quantize', { bits: 8 }, [10, 10], '8-bit per channel stores 160 bytes in place of 400'],
  ['share', { size: 0.5 }, [20, 20], 'shared 198 stores 800 bytes in place of 1600'],
  ['svd', { rank: 4 }, [9, 9], 'rank 4 stores 288 bytes in place of 324'],
] as const)('%s leaves what its nodes would make larger', async (name, options, shape, said) => {
  const method = getMethod(name) as Method;
  const work = workOn(denseOf(shape, 'float32', gaussian(seeded(5), shape)));
  const given = method.options.parse(options);
  await runLeafStep([work], method, given, inputs);
  expect(work.operator).toBe(work.weight);
  expect(work.steps[0]!.skipped).toMatch(`would not get smaller: ${said}, and some `);
  // The studio foretells it.
  const [planned] = planStack({ shape, type: 'float32', op: 'Gemm', opset: 17 }, [{ method: name, options: given }]);
  expect(planned!.skipped).toBe(work.steps[0]!.skipped);
});

it('judges a factor by the nodes that it adds to its layer, which is noted in the file once', async () => {
  const shape = [45, 45];
  const work = workOn(denseOf(shape, 'float32', gaussian(seeded(5), shape)));
  const steps = [
    { method: 'svd', options: getMethod('svd').options.parse({ rank: 4 }) },
    { method: 'cluster', options: getMethod('cluster').options.parse({ values: 16 }) },
  ];
  for (const { method, options } of steps) await runLeafStep([work], getMethod(method) as Method, options, inputs);
  // 720 bytes become 154, for some 500 bytes of nodes; a layer of its own would take 630.
  expect(work.operator.form).toBe('lowRank 4 of codebook of 16');
  expect(work.steps[1]!.skipped).toBeUndefined();
  const written = work.operator.bytes + graphOverheadBytes(work.operator, { op: 'Gemm', opset: 17 });
  const factors = lowRank(plannedDense([45, 4], 'float32'), plannedDense([4, 45], 'float32'));
  expect(written).toBeLessThan(factors.bytes + graphOverheadBytes(factors, { op: 'Gemm', opset: 17 }));
  const planned = planStack({ shape, type: 'float32', op: 'Gemm', opset: 17 }, steps);
  expect(planned[1]!.operator!.bytes).toBe(work.operator.bytes);
});
