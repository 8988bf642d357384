import { expect, it } from 'vitest';
import { fromGram } from '../operators/statistics';
import { outliersOf } from './outliers';

const seen = (largest: readonly number[]) => ({
  ...fromGram(new Float64Array(largest.length ** 2), largest.length, 9),
  largest: Float64Array.from(largest),
});

it('lists the channels above 6, with the largest over the median', () => {
  expect(outliersOf(seen([1, 6, 30, 2, 6.5]), 5)).toEqual({
    samples: 9,
    largest: 30,
    median: 6,
    ratio: 5,
    channels: [
      { channel: 2, largest: 30 },
      { channel: 4, largest: 6.5 },
    ],
  });
});

it('takes the taps of a convolution for one channel', () => {
  const found = outliersOf(seen([1, 2, 3, 9, 1, 1, 4, 5]), 4);
  expect(found).toMatchObject({ largest: 9, median: (2 + 5) / 2, channels: [{ channel: 1, largest: 9 }] });
});

it('gives no ratio to a median of zero, and nothing where nothing was observed', () => {
  expect(outliersOf(seen([0, 0, 0, 8]), 4)).not.toHaveProperty('ratio');
  expect(outliersOf(fromGram(new Float64Array(4), 2, 1), 2)).toBeUndefined();
});
