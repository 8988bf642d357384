import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import type { Layer } from '../model/layers';
import { dense } from '../operators/dense/dense';
import { Factorisations } from './factorisations';
import { getMethod } from './registry';
import { factorisationCost, workOf } from './work';

const layer = (id: string, shape: readonly number[]) => ({ id, shape }) as unknown as Layer;

it('counts the short side twice, and both channel sides of a convolution', () => {
  expect(factorisationCost([100, 10])).toBe(10 * 10 * 100);
  expect(factorisationCost([10, 100])).toBe(10 * 10 * 100);
  // Unfoldings of a 3×3 kernel: [8, 4·9] and [4, 8·9].
  expect(factorisationCost([8, 4, 3, 3])).toBe(8 * 8 * 36 + 4 * 4 * 72);
});

it('what is factorised already is another kind of work, as is what looks at data', async () => {
  const factorisations = new Factorisations(createCpuBackend(nodeRuntime()));
  const values = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * i));
  await factorisations.matrix(
    dense([8, 4], 'float32', async () => values, 'known'),
    values,
  );
  const work = (id: string, method: string, options: object) => {
    const found = getMethod(method);
    return workOf(layer(id, [8, 4]), found, found.options.parse(options), factorisations);
  };
  expect(work('known', 'svd', { rank: 2 })).toEqual({ kind: 'svd, kept', cost: 32 });
  expect(work('other', 'svd', { rank: 2 })).toEqual({ kind: 'svd', cost: 128 });
  expect(work('known', 'svd', { rank: 2, whiten: 'full' })).toEqual({ kind: 'svd, with data', cost: 128 });
  expect(work('known', 'quantize', { bits: 4 })).toEqual({ kind: 'quantize', cost: 32 });
  expect(work('known', 'quantize', { bits: 4, rounding: 'gptq' })).toEqual({ kind: 'quantize, with data', cost: 128 });
});
