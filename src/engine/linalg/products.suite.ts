import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { normal } from '../reference/random';
import { deviation } from './spectra.fixtures';

export function productsSuite(backend: () => Backend): void {
  describe('multiply', () => {
    it.each([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ])('transpose a: %s, b: %s', async (a, b) => {
      const [m, k, n] = [37, 65, 19];
      const x = Float32Array.from(normal(m * k, 1));
      const y = Float32Array.from(normal(k * n, 2));
      const first = backend().upload(x, ...(a ? ([k, m] as const) : ([m, k] as const)));
      const second = backend().upload(y, ...(b ? ([n, k] as const) : ([k, n] as const)));
      const product = await backend().multiply(first, second, { a, b });
      expect([product.rows, product.columns]).toEqual([m, n]);
      const values = await backend().download(product);
      backend().free(first, second, product);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let expected = 0;
          for (let l = 0; l < k; l++) expected += x[a ? l * m + i : i * k + l] * y[b ? j * k + l : l * n + j];
          // 65 terms of magnitude 1, each rounded at 6e−8.
          expect(Math.abs(values[i * n + j] - expected)).toBeLessThan(1e-5);
        }
      }
    });

    it('refuses inner dimensions that differ', async () => {
      const a = backend().upload(new Float32Array(6), 2, 3);
      await expect(Promise.resolve().then(() => backend().multiply(a, a))).rejects.toThrow(RangeError);
      backend().free(a);
    });
  });

  describe('leftSingularVectors', () => {
    it('completes the basis of a tall matrix', async () => {
      const a = backend().upload(
        Float32Array.from(normal(61 * 9, 3), (x) => x / 4),
        61,
        9,
      );
      const { vectors: j } = await backend().leftSingularVectors(a);
      expect([j.rows, j.columns]).toEqual([61, 61]);
      // What the contract promises before the polish.
      expect(deviation(await backend().download(j), 61)).toBeLessThan(1e-5);
      backend().free(a, j);
    });
  });
}
