import { afterAll, describe, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { compressedAt, expectAlike, SIZES } from './magnitudes.fixtures';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

/** Steps on what other steps left: factors, values of a sparse weight, cores. */
const STACKS = [
  [
    { method: 'svd', options: { size: 0.6, whiten: 'full' } },
    { method: 'quantize', options: { bits: 8, groupSize: 16, rounding: 'gptq' } },
  ],
  [
    { method: 'low-rank-plus-sparse', options: { size: 0.8, iterations: 3 } },
    { method: 'quantize', options: { bits: 8, groupSize: 16 } },
  ],
  [
    { method: 'prune', options: { sparsity: 0.5, score: 'sparsegpt' } },
    { method: 'cluster', options: { values: 32 } },
  ],
  [
    { method: 'tensor-train', options: { size: 0.7, sites: 2 } },
    { method: 'quantize', options: { bits: 8, groupSize: 16, rounding: 'awq' } },
  ],
];

describe('stacks of steps', () => {
  for (const type of ['float32', 'float16'] as const) {
    for (const stack of STACKS) {
      it(`on weights of ${type}, ${stack.map(({ method }) => method).join(' and ')}, err as they do on those of size 1`, async () => {
        const usual = await compressedAt(0, type, stack, runtime, backend);
        for (const { exponent, noise } of SIZES[type]) {
          const now = await compressedAt(exponent, type, stack, runtime, backend);
          for (const layer of ['fc', 'conv'] as const)
            expectAlike(usual[layer], now[layer], noise, `${layer} 2^${exponent}`);
        }
      });
    }
  }
});
