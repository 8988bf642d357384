import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend';
import { UserError } from '../errors';
import { planted } from '../reference/random';
import { decay, deviation, expectClose, product, relativeError } from './spectra.fixtures';
import { truncationError } from './spectrum';
import { truncate } from './svd';
import { svdEach } from './svdEach';

export function svdEachSuite(backend: () => Backend): void {
  describe('svdEach', () => {
    it.each([
      [1, 1],
      [1, 7],
      [7, 1],
      [2, 2],
      [5, 9],
      [32, 20],
      [33, 64],
      [64, 64],
    ])('[%i, %i] matrices of every kind of spectrum', async (rows, columns) => {
      const k = Math.min(rows, columns);
      const spectra: readonly (readonly number[])[] = [
        Array.from({ length: k }, (_, i) => 1 / (1 + i)),
        k > 1 ? decay(k, 1e-7) : [1],
        Array(k).fill(2),
        Array.from({ length: k }, (_, i) => (i < k / 2 ? 5 : 0.01)),
        Array.from({ length: Math.ceil(k / 3) }, (_, i) => 3 - i / k),
        [],
      ];
      const scales = [1, 1e18, 1e-18, 1, 1, 1];
      const matrices = spectra.map((sigma, i) => planted(rows, columns, sigma, i + 1).map((x) => x * scales[i]));
      const values = Float32Array.from(matrices.flatMap((matrix) => Array.from(matrix)));
      const results = await svdEach(backend(), { values, count: spectra.length, rows, columns });
      expect(results).toHaveLength(spectra.length);
      for (const [i, result] of results.entries()) {
        const truth = Float64Array.from({ length: k }, (_, at) => (spectra[i][at] ?? 0) * scales[i]);
        expect(deviation(result.basis, k)).toBeLessThan(2e-5);
        expectClose(result.values, truth, 2e-6);
        const weight = { values: matrices[i], rows, columns };
        for (const rank of new Set([1, Math.ceil(k / 2), k])) {
          const { left, right } = await truncate(backend(), weight, result, rank);
          const measured = relativeError(weight.values, product(left, right, weight, rank));
          expect(measured).toBeLessThanOrEqual(1.0005 * truncationError(truth, rank) + 3e-7 * Math.sqrt(k));
        }
      }
    });

    it('refuses NaN, naming the weight, and hears a signal', async () => {
      const values = Float32Array.of(1, 2, 3, 4, 5, Number.NaN, 7, 8);
      const batch = { values, count: 2, rows: 2, columns: 2, name: 'heads' };
      await expect(svdEach(backend(), batch)).rejects.toBeInstanceOf(UserError);
      const reason = new DOMException('cancelled', 'AbortError');
      const sound = { ...batch, values: values.map((_, i) => i) };
      await expect(svdEach(backend(), sound, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    });
  });
}
