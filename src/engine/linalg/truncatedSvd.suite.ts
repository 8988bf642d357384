import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { UserError } from '../core/errors';
import { normal } from '../reference/random';
import { sharedFactors } from './factors';
import { CASES, type Case, decay, plantedWeight, product, relativeError } from './spectra.fixtures';
import { rankForError, truncationError } from './spectrum';
import type { MatrixWeight } from './svd';
import { type TruncatedSvd, truncatedSvd, truncationPays } from './truncatedSvd';

/** Large enough that the iteration is cheaper at rank 8 and below. The small cases take the whole decomposition. */
const LARGE: readonly Case[] = [
  { name: 'large, decay to 1e−7', rows: 150, columns: 190, sigma: decay(150, 1e-7) },
  { name: 'large, slow decay, tall', rows: 200, columns: 140, sigma: decay(140, 0.1) },
  { name: 'large, all equal', rows: 140, columns: 140, sigma: Array(140).fill(1) },
  {
    name: 'large, repeated',
    rows: 140,
    columns: 161,
    sigma: [...Array(40).fill(5), ...Array(60).fill(1), ...Array(40).fill(0.01)],
  },
  { name: 'large, rank 3', rows: 140, columns: 150, sigma: [9, 5, 1] },
  {
    name: 'large, five above a flat floor of 1e−4',
    rows: 140,
    columns: 150,
    sigma: [...Array(5).fill(1), ...Array(135).fill(1e-4)],
  },
  { name: 'large, all zero', rows: 140, columns: 150, sigma: [] },
  { name: 'large, tiny: 1e−18', rows: 140, columns: 150, sigma: decay(140, 1e-3), scale: 1e-18 },
  { name: 'large, huge: 1e18', rows: 150, columns: 140, sigma: decay(140, 1e-3), scale: 1e18 },
];

export function truncatedSvdSuite(backend: () => Backend): void {
  describe('truncatedSvd', () => {
    for (const spectrum of [...LARGE, ...CASES]) {
      it(spectrum.name, async () => {
        const { truth, ...weight } = plantedWeight(spectrum);
        const k = truth.length;
        for (const rank of new Set([1, Math.min(8, k), Math.ceil(k / 4)])) {
          const result = await truncatedSvd(backend(), weight, { rank });
          expect(result.values).toHaveLength(rank);
          const measured = expectTruncation(weight, result, truth);
          expect(measured).toBeLessThanOrEqual(1.0005 * truncationError(truth, rank) + 3e-7 * Math.sqrt(k));
        }
      });
    }

    it('takes the iteration where it should', () => {
      // Otherwise the large cases would test the whole decomposition again.
      for (const { rows, columns } of LARGE) expect(truncationPays(rows, columns, 8)).toBe(true);
      expect(truncationPays(140, 140, 64)).toBe(false);
    });

    it('a random matrix, flat as they are, against float64', async () => {
      // Large enough that the first filter alone would miss by 7e−4.
      const n = 300;
      const weight = { values: Float32Array.from(normal(n * n, 1)), rows: n, columns: n };
      const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(n, n, Array.from(weight.values)));
      const truth = Float64Array.from(diagonal);
      const result = await truncatedSvd(backend(), weight, { rank: 64 });
      expect(expectTruncation(weight, result, truth)).toBeLessThanOrEqual(1.0005 * truncationError(truth, 64));
    });

    it.each([0.5, 0.1, 0.01, 1e-4])('finds the rank for an error of %f', async (error) => {
      const { truth, ...weight } = plantedWeight({ name: '', rows: 150, columns: 170, sigma: decay(150, 1e-7) });
      const result = await truncatedSvd(backend(), weight, { error });
      expect(expectTruncation(weight, result, truth)).toBeLessThanOrEqual(error * 1.0005);
      // At most one more than the optimum needs: a value that just suffices may fall short by roundoff.
      expect(result.values.length - rankForError(truth, error)).toBeLessThanOrEqual(1);
    });

    it('enlarges its block, as far as the whole decomposition, for an error that needs it', async () => {
      const { truth, ...weight } = plantedWeight({ name: '', rows: 300, columns: 310, sigma: decay(300, 0.03) });
      for (const error of [0.5, 0.35, 0.1]) {
        const result = await truncatedSvd(backend(), weight, { error });
        expect(expectTruncation(weight, result, truth)).toBeLessThanOrEqual(error * 1.0005);
        expect(result.values.length - rankForError(truth, error)).toBeLessThanOrEqual(1);
      }
    });

    it('is the same twice, and for another seed as good', async () => {
      const weight = { values: Float32Array.from(normal(140 * 150, 8)), rows: 140, columns: 150 };
      const first = await truncatedSvd(backend(), weight, { rank: 8 });
      expect(await truncatedSvd(backend(), weight, { rank: 8 })).toEqual(first);
      const other = await truncatedSvd(backend(), weight, { rank: 8 }, { seed: 2 });
      expect(Math.abs(other.error - first.error)).toBeLessThan(5e-4 * first.error);
    });

    it('refuses NaN, naming the weight, and budgets that make no sense', async () => {
      const weight = { values: Float32Array.of(1, Number.NaN, 2, 3), rows: 2, columns: 2, name: 'fc.weight' };
      await expect(truncatedSvd(backend(), weight, { rank: 1 })).rejects.toBeInstanceOf(UserError);
      const sound = { values: new Float32Array(4), rows: 2, columns: 2 };
      for (const budget of [
        { rank: 0 },
        { rank: 3 },
        { rank: 1.5 },
        { error: 0 },
        { error: Number.NaN },
        { error: 2 },
      ]) {
        await expect(truncatedSvd(backend(), sound, budget)).rejects.toThrow(RangeError);
      }
    });

    it('stops when aborted, and reports progress up to 1', async () => {
      const weight = { values: Float32Array.from(normal(140 * 140, 10)), rows: 140, columns: 140 };
      const reason = new DOMException('cancelled', 'AbortError');
      const aborted = truncatedSvd(backend(), weight, { rank: 8 }, { signal: AbortSignal.abort(reason) });
      await expect(aborted).rejects.toBe(reason);
      const shares: number[] = [];
      await truncatedSvd(
        backend(),
        weight,
        { rank: 8 },
        { onProgress: ({ done, total }) => shares.push(done / total) },
      );
      expect(shares.at(-1)).toBe(1);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    });
  });
}

/** Orthonormal vectors, values within 2e−6·σ₁ from above, and an error that is what the factors err by; returns it. */
function expectTruncation(weight: MatrixWeight, result: TruncatedSvd, truth: Float64Array): number {
  const { values, vectors } = result;
  const rank = values.length;
  const short = vectors.length / rank;
  for (let i = 0; i < rank; i++) {
    // No subspace has values above those of the whole; and a value that is too low shows in the error.
    expect(values[i]).toBeLessThanOrEqual(truth[i] + 2e-6 * truth[0]);
    for (let j = 0; j <= i; j++) {
      let dot = i === j ? -1 : 0;
      for (let c = 0; c < short; c++) dot += vectors[i * short + c] * vectors[j * short + c];
      expect(Math.abs(dot)).toBeLessThan(2e-5);
    }
  }
  const { error } = result;
  const { left, right } = sharedFactors({ ...result, vectors: vectors.slice(), images: result.images.slice() });
  const measured = relativeError(weight.values, product(left, right, weight, rank));
  expect(Math.abs(measured - error)).toBeLessThanOrEqual(1e-3 * measured + 1e-6);
  return measured;
}
