import { describe, expect, it } from 'vitest';
import { compare, expectClose } from './compare';

describe('compare', () => {
  const x = [1, -2, 3];
  it('accepts equal tensors, and empty ones', () => {
    expect(compare(x, x).difference).toBe(0);
    expect(compare([], []).difference).toBe(0);
  });
  it.each([
    ['NaN', [1, Number.NaN, 3], x],
    ['NaN on both sides', [1, Number.NaN, 3], [1, Number.NaN, 3]],
    ['equal infinities', [1, Number.POSITIVE_INFINITY, 3], [1, Number.POSITIVE_INFINITY, 3]],
    ['another length', [1, -2], x],
  ])('never accepts %s', (_, actual, expected) => {
    expect(() => expectClose(actual, expected, Number.MAX_VALUE)).toThrow();
  });
  it('rejects zeros and flipped signs', () => {
    expect(() => expectClose([0, 0, 0], x, 1e-3)).toThrow('index 2');
    expect(() => expectClose([-1, 2, -3], x, 1e-3)).toThrow('index 2');
  });
  it('names the worst index and both values', () => {
    expect(compare([1, -2.5, 3.25], x)).toMatchObject({ difference: 0.5, index: 1 });
    expect(compare([1, -2.5, 3.25], x).message).toContain('-2.5 instead of -2');
  });
});
