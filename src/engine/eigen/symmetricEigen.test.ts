import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Count } from '../backend/backend';
import { Pacer } from '../core/progress';
import { seeded } from '../core/random';
import { matmul } from '../reference/matmul';
import { normal, orthonormal } from '../reference/random';
import { divideAndConquer, type Eigenpairs } from './divideAndConquer';
import { symmetricEigen } from './symmetricEigen';

const pacer = new Pacer(undefined);
/**
 * A backward stable solver is exact for a matrix within a modest multiple of 1.1e−16·‖G‖ of the given one; up to 300 rows
 * some 5e−15 are seen. Vectors are products of that many rotations and reflections.
 */
const ROUNDOFF = 3e-14;

/** Residuals relative to the largest eigenvalue, orthonormality, order, and as many vectors as asked for. */
function expectEigenpairs(g: Float64Array, n: number, { values, vectors }: Eigenpairs, count = n): void {
  expect(values).toHaveLength(n);
  expect(vectors).toHaveLength(count * n);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  const norm = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const images = matmul(vectors, g, count, n, n);
  let residual = 0;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < n; c++) {
      residual = Math.max(residual, Math.abs(images[i * n + c]! - values[i]! * vectors[i * n + c]!));
    }
  }
  expect(residual).toBeLessThanOrEqual(ROUNDOFF * norm);
  const dots = matmul(vectors, vectors, count, count, n, { transposeB: true });
  let deviation = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      deviation = Math.max(deviation, Math.abs(dots[i * count + j]! - (i === j ? 1 : 0)));
    }
  }
  expect(deviation).toBeLessThanOrEqual(ROUNDOFF);
}

function expectValues(values: Float64Array, truth: ArrayLike<number>, tolerance = ROUNDOFF): void {
  const sorted = Float64Array.from(truth).sort().reverse();
  const norm = sorted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const off = values.reduce((most, value, i) => Math.max(most, Math.abs(value - sorted[i]!)), 0);
  expect(off).toBeLessThanOrEqual(tolerance * norm);
}

/** A symmetric matrix with these eigenvalues. */
function planted(values: readonly number[], seed: number): Float64Array<ArrayBuffer> {
  const n = values.length;
  const q = orthonormal(n, n, seed);
  const scaled = q.map((entry, at) => entry * values[Math.floor(at / n)]!);
  const g = matmul(q, scaled, n, n, n, { transposeA: true });
  return Float64Array.from(g, (entry, at) => (entry + g[(at % n) * n + Math.floor(at / n)]!) / 2);
}

function random(n: number, seed: number): Float64Array<ArrayBuffer> {
  const x = normal(n * n, seed);
  return Float64Array.from(x, (entry, at) => entry + x[(at % n) * n + Math.floor(at / n)]!);
}

const solve = (g: Float64Array, n: number, count?: Count) =>
  symmetricEigen(g.slice(), n, pacer, count === undefined ? {} : { count });

describe('symmetricEigen', () => {
  // Around the sizes of a leaf, a panel and a tile, and odd ones between.
  it.each([1, 2, 3, 4, 5, 17, 31, 32, 33, 34, 47, 64, 65, 67, 96, 98, 129, 130, 201])(
    'a random matrix of %i rows, as ml-matrix has it',
    async (n) => {
      const g = random(n, n);
      const found = await solve(g, n);
      expectEigenpairs(g, n, found);
      const peer = new EigenvalueDecomposition(Matrix.from1DArray(n, n, Array.from(g)), { assumeSymmetric: true });
      expectValues(found.values, peer.realEigenvalues);
    },
  );

  const range = (n: number, value: (i: number) => number) => Array.from({ length: n }, (_, i) => value(i));
  const spectra: [string, number[]][] = [
    ['falling by powers down to 1e−16', range(90, (i) => 10 ** (-16 * (i / 89)))],
    ['of both signs', range(75, (i) => i - 37)],
    ['all equal', range(70, () => 3)],
    ['all but one equal', range(70, (i) => (i === 40 ? -5 : 2))],
    ['three values, each repeated', range(120, (i) => [4, 1, 1e-3][i % 3]!)],
    ['clusters 1e−9 wide', range(100, (i) => Math.floor(i / 25) + 1e-9 * (i % 25))],
    ['clusters 1e−14 wide', range(100, (i) => 1 + Math.floor(i / 50) + 1e-14 * (i % 50))],
    ['rank 5 of 110', range(110, (i) => (i < 5 ? 5 - i : 0))],
    ['rank 1', range(66, (i) => (i === 0 ? 7 : 0))],
    ['one giant', range(80, (i) => (i === 0 ? 1e12 : 1 + i / 80))],
    ['a flat one with a small gap', range(130, (i) => 1 + i * 1e-3 + (i > 64 ? 1e-7 : 0))],
  ];
  it.each(spectra)('planted eigenvalues, %s', async (_, values) => {
    const n = values.length;
    const g = planted(values, n);
    const found = await solve(g, n);
    expectEigenpairs(g, n, found);
    expectValues(found.values, values);
  });

  it.each([1e-300, 1e-18, 1e18, 1e150])('at a scale of %d', async (scale) => {
    const n = 70;
    const g = random(n, 4);
    const found = await solve(
      g.map((entry) => entry * scale),
      n,
    );
    // The vectors' residual is taken at magnitude 1, where nothing of it underflows.
    expectEigenpairs(g, n, { ...found, values: found.values.map((value) => value / scale) });
  });

  it.each([40, 1])('a matrix of zeros, %i rows', async (n) => {
    const found = await solve(new Float64Array(n * n), n);
    expect(found.values).toEqual(new Float64Array(n));
    expectEigenpairs(new Float64Array(n * n), n, found);
  });

  it('leaves a diagonal matrix diagonal, and sorts it', async () => {
    for (const n of [3, 50]) {
      const g = new Float64Array(n * n);
      for (let i = 0; i < n; i++) g[i * n + i] = (i * 7) % n;
      const { values, vectors } = await solve(g, n);
      expect(values).toEqual(Float64Array.from({ length: n }, (_, i) => n - 1 - i));
      expect(vectors.filter((entry) => entry !== 0)).toHaveLength(n);
    }
  });

  it('finds the one direction of a constant matrix', async () => {
    const n = 64;
    const { values } = await solve(new Float64Array(n * n).fill(24), n);
    expectValues(values, [24 * n, ...Array(n - 1).fill(0)]);
  });

  it('makes the same leading vectors, whatever their number', async () => {
    const n = 140;
    const x = normal(n * 20, 3);
    // Of rank 20, so that most of the columns leave before the last equation; and of full rank.
    for (const g of [matmul(x, x, n, n, 20, { transposeB: true }), random(n, 6)]) {
      const whole = await solve(Float64Array.from(g), n);
      for (const count of [0, 1, 20, 35, 139]) {
        const part = await solve(Float64Array.from(g), n, count);
        expect(part.values).toEqual(whole.values);
        expect(part.vectors).toEqual(whole.vectors.slice(0, count * n));
      }
      const positive = (values: Float64Array) => values.findIndex((value) => value <= 0);
      const { vectors, values } = await solve(Float64Array.from(g), n, positive);
      expect(vectors).toHaveLength(positive(values) * n);
    }
  });

  it('reads the lower triangle alone', async () => {
    const n = 60;
    const g = random(n, 8);
    const half = g.map((entry, at) => (at % n > Math.floor(at / n) ? Number.NaN : entry));
    expect(await solve(half, n)).toEqual(await solve(g, n));
  });

  it('refuses entries that are not finite instead of looping', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const n of [2, 40]) {
        const g = random(n, 1);
        g[(n - 1) * n] = bad;
        await expect(solve(g, n)).rejects.toThrow('not finite');
      }
    }
  });

  it('tells a growing share, up to 1, and stops when cancelled', async () => {
    const n = 90;
    const shares: number[] = [];
    await symmetricEigen(random(n, 2), n, pacer, { onProgress: (share) => shares.push(share) });
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    const cancel = new AbortController();
    const work = symmetricEigen(random(n, 2), n, new Pacer(cancel.signal, 0), {
      onProgress: (share) => share > 0.6 && cancel.abort(),
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('divideAndConquer', () => {
  const dense = (d: Float64Array, e: Float64Array): Float64Array<ArrayBuffer> => {
    const n = d.length;
    const g = new Float64Array(n * n);
    for (let i = 0; i < n; i++) g[i * n + i] = d[i]!;
    for (let i = 0; i < n - 1; i++) g[i * n + i + 1] = g[(i + 1) * n + i] = e[i]!;
    return g;
  };
  const expectSolved = async (d: Float64Array, e: Float64Array) => {
    const g = dense(d, e);
    const found = await divideAndConquer(d.slice(), e.slice(), d.length, pacer);
    expectEigenpairs(g, d.length, found);
    return found.values;
  };

  it('second differences, whose eigenvalues are known: 2 − 2·cos(πk/(n + 1))', async () => {
    for (const n of [33, 100, 257]) {
      const values = await expectSolved(new Float64Array(n).fill(2), new Float64Array(n).fill(-1));
      expectValues(
        values,
        Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos((Math.PI * (k + 1)) / (n + 1))),
      );
    }
  });

  it("Wilkinson's matrix, whose eigenvalues come in pairs closer than roundoff", async () => {
    const n = 41;
    const values = await expectSolved(
      Float64Array.from({ length: n }, (_, i) => Math.abs(i - 20)),
      new Float64Array(n).fill(1),
    );
    expect(values[0]! - values[1]!).toBeLessThan(ROUNDOFF * 21);
  });

  it.each([1e-7, 1e-10, 1e-14])("Wilkinson's matrices, glued by %d", async (glue) => {
    // What breaks solvers that tell vectors of one cluster apart by their eigenvalues.
    const n = 5 * 21;
    await expectSolved(
      Float64Array.from({ length: n }, (_, i) => Math.abs((i % 21) - 10)),
      Float64Array.from({ length: n }, (_, i) => (i % 21 === 20 ? glue : 1)),
    );
  });

  it('blocks that fall apart, zeros beside and on the diagonal, entries of both signs', async () => {
    const n = 97;
    const random = seeded(5);
    const draw = () => (random.uniform() < 0.3 ? 0 : random.normal());
    await expectSolved(Float64Array.from({ length: n }, draw), Float64Array.from({ length: n }, draw));
    await expectSolved(new Float64Array(n), Float64Array.from({ length: n }, draw));
    await expectSolved(Float64Array.from({ length: n }, draw), new Float64Array(n));
  });

  it('graded matrices, falling and rising over twenty powers of ten', async () => {
    const n = 80;
    for (const direction of [1, -1]) {
      const grade = (i: number) => 10 ** ((-20 * (direction > 0 ? i : n - 1 - i)) / n);
      await expectSolved(
        Float64Array.from({ length: n }, (_, i) => grade(i)),
        Float64Array.from({ length: n }, (_, i) => grade(i) / 3),
      );
    }
  });
});
