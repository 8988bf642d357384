import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import type { Method } from '../methods/method';
import { prune } from '../methods/prune';
import { gaussian } from '../model/fixtures';
import type { Layer } from '../model/layers';
import { denseOf } from '../operators/dense';
import { seeded } from '../random';
import { runStep, type Work } from './step';

it('asks for statistics once a layer where no budget is shared, and twice where one is', async () => {
  const factorisations = new Factorisations(createCpuBackend(nodeRuntime()));
  const weight = denseOf([32, 48], 'float32', gaussian(seeded(5), [32, 48]));
  for (const [scope, times] of [
    ['row', 1],
    ['model', 2],
  ] as const) {
    let asked = 0;
    const layer = { name: 'fc', op: 'Gemm', compressible: true } as Layer;
    const work: Work = {
      layer,
      weight,
      before: { bytes: weight.bytes, parameters: weight.parameters },
      kept: 1,
      operator: weight,
      steps: [],
      ms: 0,
    };
    await runStep([work], prune as Method, prune.options.parse({ sparsity: 0.5, score: 'wanda', scope }), {
      factorisations,
      seed: 0,
      opset: 17,
      statisticsOf: () => {
        asked++;
        return 'there is no data';
      },
      onAnew: () => {},
    });
    expect(asked, scope).toBe(times);
    expect(work.steps[0]!.skipped, scope).toContain('there is no data');
  }
});
