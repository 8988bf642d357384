import { expect, it } from 'vitest';
import type { Dataset } from '../evaluation/dataset';
import { splitForSearch } from './searchSamples';

/** Samples that hold their own number, labelled by the quarter of the file that they lie in. */
const dataOf = (samples: number): Dataset => ({
  name: 'numbers',
  samples,
  generated: false,
  fields: [
    {
      input: { name: 'x', type: 'float32', shape: ['n', 1] },
      array: { type: 'float32', dims: [samples, 1], data: Float32Array.from({ length: samples }, (_, i) => i) },
      stacked: false,
    },
  ],
  labels: {
    kind: 'class',
    perSample: 1,
    ids: Int32Array.from({ length: samples }, (_, i) => Math.floor((4 * i) / samples)),
  },
});

const numbersIn = ({ fields }: Dataset) => [...(fields[0]!.array.data as Float32Array)];

it('search and check have no sample in common, for data of every size', () => {
  for (let samples = 2; samples < 80; samples++) {
    const { search, check, same } = splitForSearch(dataOf(samples), { search: 16, check: 32 }, samples);
    const [a, b] = [numbersIn(search), numbersIn(check)];
    expect(same).toBe(false);
    expect(new Set([...a, ...b]).size).toBe(a.length + b.length);
    expect(a.length + b.length).toBe(Math.min(samples, 48));
    expect(Math.min(a.length, b.length)).toBeGreaterThan(0);
    expect(a.length).toBeLessThanOrEqual(16);
    // Labels go with their samples.
    expect([...search.labels!.ids]).toEqual(a.map((sample) => Math.floor((4 * sample) / samples)));
  }
});

it('both parts hold every class of a sorted file, and the first samples of both do too', () => {
  const { search, check } = splitForSearch(dataOf(4000), { search: 64, check: 128 }, 3);
  const shares = (ids: Int32Array) => [0, 1, 2, 3].map((label) => ids.filter((id) => id === label).length / ids.length);
  for (const share of [...shares(search.labels!.ids), ...shares(check.labels!.ids)])
    expect(Math.abs(share - 0.25)).toBeLessThan(0.03);
  for (const { labels } of [search, check]) expect(new Set(labels!.ids.subarray(0, 16)).size).toBe(4);
});

it('a seed splits in one way, another seed in another', () => {
  const numbers = (seed: number) => numbersIn(splitForSearch(dataOf(100), { search: 10, check: 20 }, seed).search);
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
});

it('a single sample serves both', () => {
  const data = dataOf(1);
  expect(splitForSearch(data, { search: 16, check: 32 }, 0)).toEqual({ search: data, check: data, same: true });
});
