import { expect, it } from 'vitest';
import { bitsOfFloat, floatOfBits, PASSES } from '../backend/selection';
import { seeded } from '../core/random';
import { digits, largestMask, mask, rowThresholds, ties } from './selection';

// Whole numbers up to 8, so that thresholds are met by many.
const random = seeded(3);
const [rows, columns] = [6, 70];
const values = Float32Array.from({ length: rows * columns }, () => random.below(17) - 8);

it('digits counts what a threshold is searched by', () => {
  const { shift, mask: prefixMask } = PASSES[0];
  const all = digits(values, 0, values.length, { prefix: 0, prefixMask: 0, shift });
  expect(all.reduce((sum, count) => sum + count, 0)).toBe(values.length);
  const key = bitsOfFloat(4);
  // 4, 5, 6 and 7 share their exponent and the first bits of the fraction differ: 11 bits tell 4 and 5 apart.
  expect(all[key >>> shift]).toBe(values.filter((value) => Math.abs(value) === 4).length);
  const next = digits(values, 0, 100, { prefix: key & prefixMask, prefixMask, shift: PASSES[1].shift });
  expect(next[0]).toBe(values.subarray(0, 100).filter((value) => Math.abs(value) === 4).length);
  expect(next.reduce((sum, count) => sum + count, 0)).toBe(next[0]);
});

it('rowThresholds and mask keep what sorting keeps', () => {
  for (const keep of [0, 1, 35, columns, columns + 3]) {
    const found = rowThresholds(values, rows, columns, keep);
    expect(mask(values, columns, found)).toEqual(largestMask(values, rows, columns, keep));
  }
  expect(rowThresholds(values, rows, columns, 0).subarray(0, 2)).toEqual(Uint32Array.of(0xffffffff, 0));
});

it('ties are counted row by row, the last one shorter', () => {
  const counts = ties(values.subarray(0, 100), columns, bitsOfFloat(3));
  const threes = (from: number, to: number) => values.subarray(from, to).filter((x) => Math.abs(x) === 3).length;
  expect(counts).toEqual(Uint32Array.of(threes(0, 70), threes(70, 100)));
});

it('bits and floats stand for each other', () => {
  for (const value of [0, 1, -2.5, 2 ** -149, 3.4028234663852886e38])
    expect(floatOfBits(bitsOfFloat(value))).toBe(value);
});
