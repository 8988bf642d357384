import { describe, expect, it } from 'vitest';
import { normal } from '../reference/random';
import { cholesky } from './cholesky';
import { lowerInverse, solveLower } from './triangular';

/** X·Xᵀ for a random X `[n, length]`. */
function gram(n: number, length: number, seed: number): Float64Array {
  const x = normal(n * length, seed);
  const g = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let c = 0; c < length; c++) g[i * n + j] += x[i * length + c] * x[j * length + c];
    }
  }
  return g;
}

describe('cholesky', () => {
  it.each([1, 2, 3, 17, 64])('n = %i: L·Lᵀ = G, read from its lower triangle', (n) => {
    const g = gram(n, n + 5, n);
    const half = g.map((value, at) => (at % n > Math.floor(at / n) ? Number.NaN : value));
    const { lower } = cholesky(half, n);
    const norm = Math.max(...g);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += lower![i * n + k] * lower![j * n + k];
        // Backward stable: some n times 1.1e−16 of the norm.
        expect(Math.abs(sum - g[i * n + j])).toBeLessThan(1e-14 * n * norm);
        if (j > i) expect(lower![i * n + j]).toBe(0);
      }
    }
  });

  it('reports where it fails: indefinite, rank-deficient within the tolerance, not finite', () => {
    expect(cholesky([1, 2, 2, 1], 2)).toEqual({ failedAt: 1, pivot: -3 });
    expect(cholesky([0], 1)).toEqual({ failedAt: 0, pivot: 0 });
    // Rank 4 of 6: the fifth pivot is roundoff, of either sign.
    expect(cholesky(gram(6, 4, 1), 6, 1e-12).failedAt).toBe(4);
    expect(cholesky([1, 0, Number.NaN, 1], 2).failedAt).toBe(1);
    expect(cholesky([Number.POSITIVE_INFINITY], 1).failedAt).toBe(0);
  });

  it('keeps a nearly singular matrix that the tolerance allows', () => {
    const g = [1, 1, 1, 1 + 1e-6];
    expect(cholesky(g, 2, 1e-7).lower).toBeDefined();
    expect(cholesky(g, 2, 1e-5).failedAt).toBe(1);
  });
});

describe('triangular matrices', () => {
  const n = 23;
  const lower = cholesky(gram(n, 2 * n, 7), n).lower!;

  it('lowerInverse times L is the identity', () => {
    const inverse = lowerInverse(lower, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = i === j ? -1 : 0;
        for (let k = 0; k < n; k++) sum += inverse[i * n + k] * lower[k * n + j];
        expect(Math.abs(sum)).toBeLessThan(1e-13);
      }
    }
  });

  it.each([false, true])('solveLower, transposed: %s', (transposed) => {
    const columns = 3;
    const b = normal(n * columns, 8);
    const x = solveLower(lower, n, b.slice(), columns, { transposed });
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += lower[transposed ? k * n + i : i * n + k] * x[k * columns + c];
        expect(Math.abs(sum - b[i * columns + c])).toBeLessThan(1e-12);
      }
    }
  });

  it('solveLower names a row that makes it singular', () => {
    expect(() => solveLower([1, 0, 5, 0], 2, Float64Array.of(1, 1), 1)).toThrow('singular at row 1');
  });
});
