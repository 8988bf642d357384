import { expect, it } from 'vitest';
import { perClass } from './perClass';
import { SampleSums } from './sampleSums';

const right = (...values: (0 | 1 | undefined)[]): SampleSums => {
  const sums = new SampleSums();
  for (const [sample, value] of values.entries()) if (value !== undefined) sums.add(sample, value);
  return sums;
};

it('counts what each class has, loses and gains, without samples that have no label', () => {
  const labels = Int32Array.of(2, 0, 2, -100, 2, 0);
  expect(perClass(labels, right(1, 0, 1, undefined, 0, 1), right(0, 1, 1, undefined, 0, 1))).toEqual([
    { class: 0, samples: 2, before: 1, after: 2, lost: 0, gained: 1 },
    { class: 2, samples: 3, before: 2, after: 1, lost: 1, gained: 0 },
  ]);
});

it('gives no table of more than 1,000 classes', () => {
  const labels = Int32Array.from({ length: 1001 }, (_, i) => i);
  const all = right(...new Array(1001).fill(1));
  expect(perClass(labels, all, all)).toBeUndefined();
  expect(perClass(labels.subarray(0, 1000), right(...new Array(1000).fill(1)), all)).toHaveLength(1000);
});
