import { describe, expect, it } from 'vitest';
import { normal, orthonormal } from '../reference/random';
import { cholesky, upperCholeskyOfInverse } from './cholesky';
import { lowerInverse, solveLower, solveLowerFromRight } from './triangular';

/** op(a)·op(b) for square matrices, entry by entry. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, n: number, { ta = false, tb = false } = {}): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[ta ? k * n + i : i * n + k]!;
      if (factor !== 0) for (let j = 0; j < n; j++) c[i * n + j] += factor * b[tb ? j * n + k : k * n + j]!;
    }
  }
  return c;
}

/** Q·diag(values)·Qᵀ for a random orthogonal Q: eigenvalues known, and the inverse as well. */
function symmetric(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const q = orthonormal(n, n, seed);
  const scaled = q.map((x, at) => x * values[Math.floor(at / n)]!);
  const g = product(q, scaled, n, { ta: true });
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) g[j * n + i] = g[i * n + j]!;
  return g;
}

/** A random lower triangular matrix with a diagonal of 1 to 2. */
function randomLower(n: number, seed: number): Float64Array {
  return normal(n * n, seed).map((x, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return i === j ? 1 + Math.min(1, Math.abs(x)) : j < i ? x / (2 * n) : 0;
  });
}

const falling = (n: number, last: number) => Array.from({ length: n }, (_, i) => last ** (i / Math.max(1, n - 1)));
const largest = (values: Float64Array) => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const far = (a: Float64Array, b: ArrayLike<number>) => largest(a.map((x, i) => x - b[i]!));
const below = (g: Float64Array, n: number) => g.map((x, at) => (at % n > Math.floor(at / n) ? Number.NaN : x));

// Blocks are 48 rows, kernels take three: a part of one, whole ones, and rests of one and two.
const SIZES = [1, 2, 3, 17, 48, 49, 98, 160];

describe('cholesky', () => {
  it.each(SIZES)('n = %i: finds the planted factor, from the lower triangle', async (n) => {
    const planted = randomLower(n, n);
    const { lower } = await cholesky(below(product(planted, planted, n, { tb: true }), n), n);
    // Well conditioned: n roundoffs of 1.1e−16 of magnitudes up to 2, and the condition number of about 10.
    expect(far(lower!, planted)).toBeLessThan(1e-15 * (n + 10));
  });

  it('keeps L·Lᵀ = G where the condition number is 1e14', async () => {
    const n = 101;
    const g = symmetric(falling(n, 1e-14), 5);
    const { lower } = await cholesky(g, n);
    // Backward stable: what is lost is the factor's, not the product's.
    expect(far(product(lower!, lower!, n, { tb: true }), g)).toBeLessThan(1e-15);
  });

  it('reports where it fails: indefinite, rank-deficient within the tolerance, not finite', async () => {
    expect(await cholesky([1, 2, 2, 1], 2)).toEqual({ failedAt: 1, pivot: -3 });
    expect(await cholesky([0], 1)).toEqual({ failedAt: 0, pivot: 0 });
    expect((await cholesky([1, 0, Number.NaN, 1], 2)).failedAt).toBe(1);
    expect((await cholesky([Number.POSITIVE_INFINITY], 1)).failedAt).toBe(0);
    const n = 130;
    // Rank 100 of 130: the 101st pivot is roundoff, of either sign.
    const deficient = symmetric([...falling(100, 0.01), ...Array(30).fill(0)], 6);
    expect((await cholesky(deficient, n, { tolerance: 1e-12 })).failedAt).toBe(100);
    // L·D·Lᵀ with one negative entry of D: its pivot is that entry.
    const planted = randomLower(n, 7).map((x, at) => (at % n === Math.floor(at / n) ? 1 : x));
    const d = planted.map((x, at) => (at % n === 77 ? -0.5 * x : x));
    const { failedAt, pivot } = await cholesky(product(d, planted, n, { tb: true }), n);
    expect(failedAt).toBe(77);
    expect(pivot).toBeCloseTo(-0.5, 12);
  });

  it('keeps a nearly singular matrix that the tolerance allows', async () => {
    const g = [1, 1, 1, 1 + 1e-6];
    expect((await cholesky(g, 2, { tolerance: 1e-7 })).lower).toBeDefined();
    expect((await cholesky(g, 2, { tolerance: 1e-5 })).failedAt).toBe(1);
  });

  it('refuses a list that does not fill the shape', async () => {
    await expect(cholesky([1, 2, 3], 2)).rejects.toThrow('needs 4 values, not 3');
    await expect(upperCholeskyOfInverse([1, 2, 3], 2)).rejects.toThrow('needs 4 values, not 3');
  });

  it('hears a cancel, and says how far it is', async () => {
    const n = 1200;
    const g = new Float64Array(n * n);
    for (let i = 0; i < n; i++) g[i * n + i] = 1;
    const cancel = new AbortController();
    let last = 0;
    const work = upperCholeskyOfInverse(g, n, {
      signal: cancel.signal,
      onProgress: ({ done, total }) => {
        expect(done / total).toBeGreaterThanOrEqual(last);
        last = done / total;
        if (last > 0.1) cancel.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect(last).toBeLessThan(1);
  });
});

describe('upperCholeskyOfInverse', () => {
  it.each(SIZES)('n = %i: finds the planted factor, from the lower triangle', async (n) => {
    // H = (Uᵀ·U)⁻¹ = X·Xᵀ with X = U⁻¹; X is the transposed inverse of a lower triangular matrix.
    const planted = randomLower(n, n + 1);
    const inverse = await lowerInverse(planted, n);
    const upper = planted.map((_, at) => planted[(at % n) * n + Math.floor(at / n)]!);
    const h = product(inverse, inverse, n, { ta: true });
    const found = await upperCholeskyOfInverse(below(h, n), n);
    // Two factorisations of condition about 10, n roundoffs each.
    expect(far(found.upper!, upper)).toBeLessThan(1e-14 * (n + 10));
  });

  it('holds H·Uᵀ·U = I where the condition number is 1e10', async () => {
    const n = 101;
    const h = symmetric(falling(n, 1e-10), 8);
    const { upper } = await upperCholeskyOfInverse(h, n);
    const identity = product(h, product(upper!, upper!, n, { ta: true }), n);
    for (let i = 0; i < n; i++) identity[i * n + i]! -= 1;
    // The condition number times some roundoffs of 1.1e−16.
    expect(largest(identity)).toBeLessThan(1e-5);
    // U·H·Uᵀ meets only the roots.
    const whitened = product(product(upper!, h, n), upper!, n, { tb: true });
    for (let i = 0; i < n; i++) whitened[i * n + i]! -= 1;
    expect(largest(whitened)).toBeLessThan(1e-4);
  });

  it('gives what GPTQ passes on: the regression of one column on those behind it', async () => {
    // For j > i, −u_ij/u_ii are the weights of the best prediction of column i from the ones behind it.
    const h = Float64Array.of(2, 0.6, 0.4, 0.6, 1, 0.3, 0.4, 0.3, 0.5);
    const { upper } = await upperCholeskyOfInverse(h, 3);
    const [b, c] = [-upper![1]! / upper![0]!, -upper![2]! / upper![0]!];
    // Normal equations: [1 0.3; 0.3 0.5]·(b, c) = (0.6, 0.4).
    expect(b + 0.3 * c).toBeCloseTo(0.6, 14);
    expect(0.3 * b + 0.5 * c).toBeCloseTo(0.4, 14);
    // And 1/u_ii² is what that prediction leaves of column i.
    expect(1 / upper![0]! ** 2).toBeCloseTo(2 - 0.6 * b - 0.4 * c, 14);
  });

  it('reports the row and the pivot where H is not positive definite', async () => {
    // Eliminated from the last: 1, then 1 − 2·2.
    expect(await upperCholeskyOfInverse([5, 0, 0, 0, 1, 2, 0, 2, 1], 3)).toEqual({ failedAt: 1, pivot: -3 });
    const dead = Float64Array.of(1, 0, 0, 0);
    expect(await upperCholeskyOfInverse(dead, 2)).toEqual({ failedAt: 1, pivot: 0 });
  });
});

describe('triangular matrices', () => {
  it.each(SIZES)('n = %i: lowerInverse times L is the identity', async (n) => {
    const lower = randomLower(n, n + 2);
    const inverse = await lowerInverse(lower, n);
    const identity = product(inverse, lower, n);
    for (let i = 0; i < n; i++) {
      identity[i * n + i]! -= 1;
      for (let j = i + 1; j < n; j++) expect(inverse[i * n + j]).toBe(0);
    }
    expect(largest(identity)).toBeLessThan(1e-15 * (n + 10));
  });

  it.each([
    [5, 3],
    [49, 1],
    [100, 7],
    [100, 120],
  ])('[%i], %i right-hand sides: both solves find the planted X, either way round', async (n, count) => {
    const lower = randomLower(n, 4);
    const x = normal(n * count, 5);
    for (const transposed of [false, true]) {
      const [b, fromRight] = [new Float64Array(n * count), new Float64Array(n * count)];
      for (let i = 0; i < n; i++) {
        for (let k = 0; k < n; k++) {
          const factor = lower[transposed ? k * n + i : i * n + k]!;
          for (let c = 0; c < count; c++) {
            b[i * count + c]! += factor * x[k * count + c]!;
            fromRight[c * n + k]! += x[c * n + i]! * factor;
          }
        }
      }
      // X up to 4, n roundoffs, condition about 10.
      expect(far(await solveLower(lower, n, b, count, { transposed }), x)).toBeLessThan(1e-15 * (n + 40));
      const found = await solveLowerFromRight(lower, n, fromRight, count, { transposed });
      expect(far(found, x)).toBeLessThan(1e-15 * (n + 40));
    }
  });

  it('is backward stable where L is close to singular', async () => {
    const n = 60;
    const g = symmetric(falling(n, 1e-14), 9);
    const { lower } = await cholesky(g, n);
    const b = Float64Array.from(normal(n, 10));
    const x = await solveLower(lower!, n, b, 1);
    const scale = largest(x);
    for (let i = 0; i < n; i++) {
      let sum = -b[i]!;
      for (let k = 0; k <= i; k++) sum += lower![i * n + k]! * x[k]!;
      // Relative to L·X, whatever the condition.
      expect(Math.abs(sum)).toBeLessThan(1e-14 * scale);
    }
  });

  it('names a row that makes it singular, and wrong shapes', async () => {
    const singular = Float64Array.of(1, 0, 5, 0);
    await expect(solveLower(singular, 2, [1, 1], 1)).rejects.toThrow('singular at row 1');
    await expect(lowerInverse(singular, 2)).rejects.toThrow('singular at row 1');
    await expect(solveLowerFromRight(Float64Array.of(1, 0, 0, 1), 2, [1, 2, 3], 1)).rejects.toThrow('2 values, not 3');
  });

  it('leaves the right-hand sides as they are', async () => {
    const b = Float64Array.of(2, 4);
    await solveLower(Float64Array.of(2, 0, 0, 2), 2, b, 1);
    await solveLowerFromRight(Float64Array.of(2, 0, 0, 2), 2, b, 1);
    expect(b).toEqual(Float64Array.of(2, 4));
  });
});
