import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { expectEveryMethod, STEPS } from './everyMethod.fixtures';
import { compressedAt, expectAlike, SIZES } from './magnitudes.fixtures';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

/** What float16 does not hold stays in float32, and scales of 8-bit inputs are multiplied in float32. All else has a way. */
const mayBeLeft = ({ method, options }: (typeof STEPS)[number]): boolean =>
  method === 'half' || 'activations' in options;

describe('weights of every size', () => {
  it('meet every method', expectEveryMethod);

  for (const type of ['float32', 'float16'] as const) {
    for (const step of STEPS) {
      it(`of ${type} err under ${step.method} ${JSON.stringify(step.options)} as those of size 1 do, or are left with a sentence`, async () => {
        const usual = await compressedAt(0, type, step, runtime, backend);
        for (const { exponent, noise } of SIZES[type]) {
          const now = await compressedAt(exponent, type, step, runtime, backend);
          for (const layer of ['fc', 'conv'] as const) {
            if (!mayBeLeft(step)) expect(now[layer].reason, `${layer} 2^${exponent}`).toBe(usual[layer].reason);
            expectAlike(usual[layer], now[layer], noise, `${layer} 2^${exponent}`);
          }
        }
      });
    }
  }
});
