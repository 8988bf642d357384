import { expect, it } from 'vitest';
import { quantile } from './quantile';

it('a quantile is a value of the list, or lies between two of them', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile(Float32Array.of(10, 9, 11), 1)).toBe(11);
  expect(quantile([7], 0.9)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});
