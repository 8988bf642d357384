import { describe, expect, it } from 'vitest';
import { outerProduct, rankOf } from './table';

describe('rankOf', () => {
  it('is 1 for an outer product and grows by at most one with each spoilt cell', () => {
    const table = outerProduct([1, 2, 3, 4], [2, 1, 3, 1, 2]);
    expect(table[2]).toEqual([6, 3, 9, 3, 6]);
    expect(rankOf(table)).toBe(1);
    const spoilt = (cells: [number, number][]) =>
      rankOf(
        table.map((row, i) => row.map((value, j) => value + (cells.some(([a, b]) => a === i && b === j) ? 5 : 0))),
      );
    expect(spoilt([[1, 1]])).toBe(2);
    expect(
      spoilt([
        [1, 1],
        [1, 3],
      ]),
    ).toBe(2);
    expect(
      spoilt([
        [1, 1],
        [2, 3],
      ]),
    ).toBe(3);
  });

  it('is 0 for zeros and full for a permutation', () => {
    expect(
      rankOf([
        [0, 0],
        [0, 0],
      ]),
    ).toBe(0);
    expect(
      rankOf([
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ]),
    ).toBe(3);
    expect(
      rankOf([
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ]),
    ).toBe(2);
  });
});
