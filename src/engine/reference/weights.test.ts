import { describe, expect, it } from 'vitest';
import { denseWeights as on } from './weights';

const dense = (rows: number, columns: number, ...values: number[]) =>
  on.dense({ rows, columns, values: Float32Array.from(values) });

describe('the twin of weights in their own form', () => {
  it('multiplies along pieces: cores without bonds are the Kronecker product', () => {
    // [3, 2] ⊗ [1, 2]: the first core meets inputs with two others behind each.
    const links = [
      { weight: dense(3, 2, 1, 2, 3, 4, 5, 6), behind: 2 },
      { weight: dense(1, 2, 1, -1), behind: 1 },
    ];
    const { values, magnitudes } = on.chain({ rows: 3, columns: 4, padded: 4, links });
    expect([...values]).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]);
    expect([...magnitudes]).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    // The last input is padding, and the last output is left out.
    expect([...on.chain({ rows: 2, columns: 3, padded: 4, links }).values]).toEqual([1, -1, 2, 3, -3, 4]);
  });

  it('puts parts of columns in their places', () => {
    const parts = [
      { weight: dense(2, 2, 1, 2, 3, 4), columns: Int32Array.of(2, 0) },
      { weight: dense(2, 1, 5, -6), columns: Int32Array.of(1) },
    ];
    expect([...on.columnParts(parts).values]).toEqual([2, 5, 1, 4, -6, 3]);
  });

  it('sums magnitudes where values cancel', () => {
    const { values, magnitudes } = on.sum([dense(1, 1, 3), dense(1, 1, -3)]);
    expect([values[0], magnitudes[0]]).toEqual([0, 6]);
  });
});
