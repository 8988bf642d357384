import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { normal } from '../reference/random';
import { orthonormalRows } from './qr';
import { CASES, plantedWeight } from './spectra.fixtures';

export function qrSuite(backend: () => Backend): void {
  describe('orthonormalRows', () => {
    const wide = CASES.filter(({ rows, columns }) => rows <= columns);
    it.each(wide.map((spectrum) => [spectrum.name, spectrum] as const))('%s', async (_, spectrum) => {
      const { values, rows, columns } = plantedWeight(spectrum);
      // The contract asks for magnitudes whose squares float32 holds, like that of every product here.
      const unit = spectrum.scale ?? 1;
      const y = values.map((value) => value / unit);
      await expectFactors(backend(), y, rows, columns);
    });

    it('takes products where rows differ, reflections where one is zero', async () => {
      const [rows, columns] = [40, 300];
      const y = Float32Array.from(
        normal(rows * columns, 3),
        (value, at) => value * 10 ** (-Math.floor(at / columns) / 10),
      );
      expect((await expectFactors(backend(), y, rows, columns)).method).toBe('cholesky');
      // Row 7 is row 3 again, but for float32's roundoff: shifted passes find what is left of it.
      y.copyWithin(7 * columns, 3 * columns, 4 * columns);
      const twice = await expectFactors(backend(), y, rows, columns);
      expect(Math.abs(twice.lower[7 * rows + 7])).toBeLessThan(1e-6 * Math.abs(twice.lower[3 * rows + 3]));
      y.fill(0, 7 * columns, 8 * columns);
      const { method, lower } = await expectFactors(backend(), y, rows, columns);
      expect(method).toBe('householder');
      expect(lower[7 * rows + 7]).toBe(0);
    });

    it('refuses more rows than they have entries, and entries that are not finite', async () => {
      const tall = backend().upload(new Float32Array(6), 3, 2);
      await expect(orthonormalRows(backend(), tall)).rejects.toThrow(RangeError);
      const broken = backend().upload(Float32Array.of(1, 2, Number.NaN, 4, 5, 6), 2, 3);
      await expect(orthonormalRows(backend(), broken)).rejects.toThrow('not finite');
      backend().free(tall, broken);
    });
  });
}

async function expectFactors(backend: Backend, values: Float32Array, rows: number, columns: number) {
  const y = backend.upload(values, rows, columns);
  const result = await orthonormalRows(backend, y);
  const q = await backend.download(result.q);
  backend.free(y, result.q);
  const norm = Math.hypot(...values);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let dot = i === j ? -1 : 0;
      for (let c = 0; c < columns; c++) dot += q[i * columns + c] * q[j * columns + c];
      // The entries' own rounding, and that of the last product: a few times 6e−8·√rows.
      expect(Math.abs(dot)).toBeLessThan(5e-6);
      if (j > i) expect(result.lower[i * rows + j]).toBe(0);
    }
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (let j = 0; j <= i; j++) sum += result.lower[i * rows + j] * q[j * columns + c];
      expect(Math.abs(sum - values[i * columns + c])).toBeLessThanOrEqual(3e-6 * norm);
    }
  }
  return result;
}
