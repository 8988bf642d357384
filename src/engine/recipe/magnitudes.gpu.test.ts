import { afterAll, beforeAll, expect, it } from 'vitest';
import { webRuntime } from '../../runtime/web';
import type { Backend } from '../backend/backend';
import { createGpuBackend } from '../gpu/backend';
import { testGpu } from '../gpu/testing';
import type { Runtime } from '../runtime';
import { compressedAt } from './magnitudes.fixtures';

let runtime: Runtime;
let backend: Backend;
beforeAll(async () => {
  runtime = await webRuntime();
  backend = (await createGpuBackend(await testGpu()))!;
});
afterAll(() => backend.dispose());

// GPUs may take what is smaller than 2^−126 for zero, and 2^120 squared is infinite on each.
const STEPS = [
  { method: 'svd', options: { size: 0.5 } },
  { method: 'svd', options: { error: 0.05, whiten: 'full' } },
  { method: 'tensor-train', options: { size: 0.5 } },
  { method: 'low-rank-plus-sparse', options: { size: 0.6, iterations: 3, whiten: 'diagonal' } },
  { method: 'prune', options: { sparsity: 0.7, score: 'wanda' } },
  { method: 'quantize', options: { bits: 4, groupSize: 16, rounding: 'awq' } },
];

for (const step of STEPS) {
  it(`${step.method} ${JSON.stringify(step.options)} errs as much on the smallest and the largest weights as on those of size 1`, async () => {
    const usual = await compressedAt(0, 'float32', step, runtime, backend);
    for (const exponent of [-130, -126, 119]) {
      const now = await compressedAt(exponent, 'float32', step, runtime, backend);
      for (const layer of ['fc', 'conv'] as const) {
        expect(now[layer].reason, layer).toBe(usual[layer].reason);
        if (usual[layer].reason !== undefined) continue;
        for (const key of ['error', 'output'] as const) {
          expect(now[layer][key], `${layer} 2^${exponent}: ${key}`).toBeLessThanOrEqual(
            1.1 * usual[layer][key]! + 1e-4,
          );
        }
      }
    }
  });
}
