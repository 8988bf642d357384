import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { UserError } from '../core/errors';
import { normal } from '../reference/random';
import { CASES, deviation, expectClose, plantedWeight, product, relativeError } from './spectra.fixtures';
import { truncationError } from './spectrum';
import { type MatrixWeight, type Svd, svd, truncate } from './svd';

export function svdSuite(backend: () => Backend): void {
  describe('svd', () => {
    for (const spectrum of CASES) {
      it(spectrum.name, async () => {
        const { truth, ...weight } = plantedWeight(spectrum);
        const result = await svd(backend(), weight);
        expectShape(result, weight);
        expectValues(result, truth);
        await expectTruncations(backend(), weight, result, truth);
      });
    }

    it('a random matrix, against float64', async () => {
      const [rows, columns] = [96, 70];
      const values = Float32Array.from(normal(rows * columns, 7));
      const truth = new SingularValueDecomposition(Matrix.from1DArray(rows, columns, Array.from(values)));
      const result = await svd(backend(), { values, rows, columns });
      expectValues(result, Float64Array.from(truth.diagonal));
      await expectTruncations(backend(), { values, rows, columns }, result, Float64Array.from(truth.diagonal));
    });

    it('is the same twice', async () => {
      const weight = { values: Float32Array.from(normal(40 * 50, 8)), rows: 40, columns: 50 };
      expect(await svd(backend(), weight)).toEqual(await svd(backend(), weight));
    });

    it('refuses NaN and infinities, naming the weight', async () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const failing = svd(backend(), {
          values: Float32Array.of(1, bad, 2, 3),
          rows: 2,
          columns: 2,
          name: 'fc.weight',
        });
        await expect(failing).rejects.toBeInstanceOf(UserError);
        await expect(failing).rejects.toThrow('Weight "fc.weight" holds NaN or infinite values');
      }
    });

    it('refuses ranks that the matrix does not have', async () => {
      const weight = { values: Float32Array.from(normal(12, 9)), rows: 3, columns: 4 };
      const result = await svd(backend(), weight);
      for (const rank of [0, 4, 1.5, Number.NaN]) {
        await expect(truncate(backend(), weight, result, rank)).rejects.toThrow(RangeError);
      }
    });

    it('stops when aborted, and reports progress up to 1', async () => {
      const weight = { values: Float32Array.from(normal(64 * 64, 10)), rows: 64, columns: 64 };
      const reason = new DOMException('cancelled', 'AbortError');
      await expect(svd(backend(), weight, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const shares: number[] = [];
      await svd(backend(), weight, { onProgress: ({ done, total }) => shares.push(done / total) });
      expect(shares.at(-1)).toBe(1);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    });
  });
}

function expectShape({ basis, transposed }: Svd, { rows, columns }: MatrixWeight): void {
  const k = Math.min(rows, columns);
  expect(transposed).toBe(rows > columns);
  expect(basis).toHaveLength(k * k);
  expect(deviation(basis, k)).toBeLessThan(2e-5);
}

function expectValues({ values }: Svd, truth: Float64Array): void {
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  expectClose(values, truth, 2e-6);
}

async function expectTruncations(backend: Backend, weight: MatrixWeight, result: Svd, truth: Float64Array) {
  const k = truth.length;
  for (const rank of new Set([1, Math.ceil(k / 10), Math.ceil(k / 4), Math.ceil(k / 2), k])) {
    const { left, right } = await truncate(backend, weight, result, rank);
    expect(left).toHaveLength(weight.rows * rank);
    expect(right).toHaveLength(rank * weight.columns);
    const measured = relativeError(weight.values, product(left, right, weight, rank));
    const predicted = truncationError(result.values, rank);
    expect(measured).toBeLessThanOrEqual(1.0005 * truncationError(truth, rank) + 3e-7 * Math.sqrt(k));
    expect(Math.abs(measured - predicted)).toBeLessThanOrEqual(1e-3 * measured + 1e-6);
  }
}
