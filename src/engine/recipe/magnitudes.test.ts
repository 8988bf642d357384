import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import type { FloatType } from '../operators/operator';
import { expectEveryMethod, STEPS } from './everyMethod.fixtures';
import { compressedAt, type Found, type Sizing } from './magnitudes.fixtures';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

/**
 * Powers of two that weights of about 1 are multiplied by: 1e−40, …, 1e36 in float32; in float16 from where numbers are
 * some steps of the smallest one to near the largest. `noise`: what rounding the weight itself to so small steps takes.
 */
const SIZES: Readonly<Record<FloatType, readonly { readonly exponent: number; readonly noise: number }[]>> = {
  float32: [
    { exponent: -133, noise: 1e-4 },
    { exponent: -126, noise: 1e-6 },
    { exponent: -83, noise: 0 },
    { exponent: -45, noise: 0 },
    { exponent: 70, noise: 0 },
    { exponent: 120, noise: 0 },
  ],
  float16: [
    { exponent: -20, noise: 0.04 },
    { exponent: -15, noise: 1e-3 },
    { exponent: -10, noise: 1e-3 },
    { exponent: 8, noise: 1e-3 },
    { exponent: 14, noise: 1e-3 },
  ],
};

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
      }, 300_000);
    }
  }
});

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
      }, 300_000);
    }
  }
});

/** Matrices that are hard to scale, by what each weight [row, column] is multiplied by. */
const HARD: Readonly<Record<string, Sizing>> = {
  'all zeros': () => 0,
  'rows of zeros': (row) => row % 3,
  'columns of zeros': (_, column) => column % 3,
  'one weight that is not zero': (row, column) => (row === 5 && column === 7 ? 1 : 0),
  'rows of every size': (row) => 2 ** (4 * row - 90),
  'columns of every size': (_, column) => 2 ** (5 * (column % 40) - 100),
  'one huge weight': (row, column) => (row === 5 && column === 7 ? 2 ** 126 : 1),
  'one tiny column': (_, column) => (column === 7 ? 2 ** -140 : 1),
};

describe('a matrix with', () => {
  for (const [name, sizing] of Object.entries(HARD)) {
    it(`${name} is compressed by every method with an error that is a number, or left with a sentence`, async () => {
      for (const step of STEPS) {
        const found = await compressedAt(sizing, 'float32', step, runtime, backend);
        for (const [layer, { error, output, reason }] of Object.entries(found)) {
          const what = `${layer}: ${step.method} ${JSON.stringify(step.options)}`;
          if (reason !== undefined) {
            expect(reason, what).toMatch(/\w+ \w+/);
            continue;
          }
          expect(error, what).toBeGreaterThanOrEqual(0);
          expect(error, what).toBeLessThan(1.5);
          // An output of zeros has no relative error.
          if (name !== 'all zeros') expect(output, what).toBeLessThan(2);
        }
      }
    }, 300_000);
  }
});

/** Ties fall otherwise, and ranks that an error asks for, so that the same to a tenth is as good as the same. */
function expectAlike(usual: Found, now: Found, noise: number, what: string): void {
  if (now.reason !== undefined) {
    expect(now.reason, what).toMatch(/\w+ \w+/);
    return;
  }
  expect(usual.reason, what).toBeUndefined();
  for (const key of ['error', 'output'] as const) {
    expect(now[key], `${what}: ${key}, ${usual[key]} of the usual ones`).toBeLessThanOrEqual(
      1.1 * Math.hypot(usual[key]!, 2 * noise) + 1e-6,
    );
  }
}
