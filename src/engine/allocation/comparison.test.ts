import { expect, it } from 'vitest';
import { seeded } from '../core/random';
import type { Dataset } from '../evaluation/dataset';
import { generateDataset } from '../evaluation/generate';
import type { HostTensor, Session } from '../runtime';
import { Comparison } from './comparison';

const data: Dataset = generateDataset([{ name: 'x', type: 'float32', shape: ['n', 8] }], { samples: 12 });

/** Gives back its input, and adds so much that is left over from nowhere. */
const session = (noise: number): Session => {
  const random = seeded(4);
  return {
    inputNames: ['x'],
    outputNames: ['y'],
    async run({ x }) {
      const { data, dims } = x as HostTensor;
      const y = Float32Array.from(data as Float32Array, (value) => value + noise * random.normal());
      return { y: { type: 'float32', dims, data: y } };
    },
    release: async () => undefined,
  };
};

it('compares on samples that are told apart, and refuses an original that does not agree with itself', async () => {
  const comparison = await Comparison.open(session(0), data, undefined, {});
  expect(comparison.samples).toEqual({ search: 6, check: 6 });
  const same = await comparison.closenessOf(session(0), 'check', {});
  expect(same.distance).toBe(0);
  await expect(Comparison.open(session(1), data, undefined, {})).rejects.toThrow('other answers to the same input');
});
