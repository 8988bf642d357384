import { describe, expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { UserError } from '../core/errors';
import { normal } from '../reference/random';
import { relativeError } from './spectra.fixtures';
import { truncationError } from './spectrum';
import { contract, schmidtSpectra, type TensorTrain, tensorTrain, trainParameters } from './tensorTrain';

export function tensorTrainSuite(backend: () => Backend): void {
  const random = (rows: number, columns: number, scale = 1) => {
    const values = Float32Array.from(normal(rows * columns, rows), (x) => x * scale);
    return { values, rows, columns };
  };

  describe('tensorTrain', () => {
    it.each([
      ['two sites', [6, 8], [5, 4], 1],
      ['three sites', [4, 3, 5], [2, 6, 3], 1],
      ['four sites', [2, 3, 2, 4], [3, 2, 2, 3], 1],
      ['rows that outgrow the rest', [20, 2], [10, 2], 1],
      ['one row', [1, 1], [5, 8], 1],
      ['tiny: 1e−18', [4, 6], [6, 4], 1e-18],
      ['huge: 1e18', [4, 6], [6, 4], 1e18],
    ] as const)('%s: errs by what it discards, at every rank', async (_, out, inner, scale) => {
      const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
      const weight = random(product(out), product(inner), scale);
      const energy = weight.values.reduce((sum, x) => sum + x * x, 0);
      for (const ranks of [1, 3, 7, 1000]) {
        const train = await tensorTrain(backend(), weight, { out, in: inner }, { ranks });
        expectShapes(train, out, inner, ranks);
        expect(Math.abs(train.energy / energy - 1)).toBeLessThan(1e-12);
        const measured = relativeError(weight.values, Float64Array.from(await contract(backend(), train))) ** 2;
        const predicted = train.discarded.reduce((sum, dropped) => sum + dropped, 0) / energy;
        expect(Math.abs(measured - predicted)).toBeLessThanOrEqual(1e-3 * measured + 1e-10);
        expectOrthonormal(train);
      }
    });

    it('finds a sum of Kronecker products at its true bonds', async () => {
      // A sum of 2 products A ⊗ B ⊗ C has bonds of 2 and 2.
      const [out, inner] = [
        [4, 5, 3],
        [6, 2, 4],
      ];
      const values = new Float32Array(60 * 48);
      for (let term = 0; term < 2; term++) {
        const parts = out.map((size, site) => normal(size * inner[site], 10 * term + site));
        for (let row = 0; row < 60; row++) {
          for (let column = 0; column < 48; column++) {
            const j = [Math.floor(row / 15), Math.floor(row / 3) % 5, row % 3];
            const i = [Math.floor(column / 8), Math.floor(column / 4) % 2, column % 4];
            values[row * 48 + column] += parts.reduce(
              (all, part, site) => all * part[j[site] * inner[site] + i[site]],
              1,
            );
          }
        }
      }
      const weight = { values, rows: 60, columns: 48 };
      const train = await tensorTrain(backend(), weight, { out, in: inner }, { error: 1e-5 });
      expect(train.cores.map(({ shape }) => shape[3])).toEqual([2, 2, 1]);
      expect(trainParameters(train)).toBe(4 * 6 * 2 + 2 * 5 * 2 * 2 + 2 * 3 * 4);
      expect(relativeError(values, Float64Array.from(await contract(backend(), train)))).toBeLessThan(2e-6);
      const spectra = await schmidtSpectra(backend(), weight, { out, in: inner });
      for (const spectrum of spectra) {
        expect(truncationError(spectrum, 2)).toBeLessThan(1e-6);
        expect(truncationError(spectrum, 1)).toBeGreaterThan(0.05);
      }
    });

    it.each([0.7, 0.3, 0.05, 1e-3])(
      'keeps within a relative error of %f, and no bond is larger than it must',
      async (error) => {
        const weight = random(48, 60);
        const sites = { out: [4, 4, 3], in: [3, 5, 4] };
        // Faster decay along the first site than a random matrix has.
        weight.values.forEach((x, at) => {
          weight.values[at] = x * 0.8 ** Math.floor(at / 60);
        });
        const train = await tensorTrain(backend(), weight, sites, { error });
        const measured = relativeError(weight.values, Float64Array.from(await contract(backend(), train)));
        expect(measured).toBeLessThanOrEqual(error * 1.0001);
        // The first bond may drop half of it: its rank is the smallest that does.
        const [spectrum] = await schmidtSpectra(backend(), weight, sites);
        const bond = train.cores[0].shape[3];
        expect(truncationError(spectrum, bond)).toBeLessThanOrEqual((error / Math.SQRT2) * 1.0001);
        if (bond > 1) expect(truncationError(spectrum, bond - 1)).toBeGreaterThan((error / Math.SQRT2) * 0.9999);
      },
    );

    it('one site, and a weight of zeros', async () => {
      const weight = random(3, 4);
      const { cores, discarded } = await tensorTrain(backend(), weight, { out: [3], in: [4] }, { ranks: 5 });
      expect(discarded).toEqual([]);
      expect(cores).toEqual([{ values: weight.values, shape: [1, 3, 4, 1] }]);
      const nothing = { values: new Float32Array(24 * 24), rows: 24, columns: 24 };
      const train = await tensorTrain(backend(), nothing, { out: [4, 6], in: [6, 4] }, { error: 0.1 });
      expect(train.cores.map(({ shape }) => shape)).toEqual([
        [1, 4, 6, 1],
        [1, 6, 4, 1],
      ]);
      expect(await contract(backend(), train)).toEqual(nothing.values);
    });

    it('refuses what makes no sense', async () => {
      const weight = random(6, 4);
      const sites = { out: [2, 3], in: [2, 2] };
      const failing = (shape: typeof sites, budget: Parameters<typeof tensorTrain>[3]) =>
        expect(tensorTrain(backend(), weight, shape, budget)).rejects.toThrow(RangeError);
      await failing({ out: [2, 2], in: [2, 2] }, { ranks: 1 });
      await failing({ out: [6], in: [2, 2] }, { ranks: 1 });
      await failing(sites, { ranks: [1, 1] });
      await failing(sites, { ranks: 0 });
      await failing(sites, { error: 0 });
      const bad = { ...weight, values: weight.values.with(3, Number.NaN) };
      await expect(tensorTrain(backend(), bad, sites, { ranks: 1 })).rejects.toBeInstanceOf(UserError);
    });
  });
}

function expectShapes({ cores }: TensorTrain, out: readonly number[], inner: readonly number[], ranks: number): void {
  expect(cores.map(({ shape }) => shape[1])).toEqual([...out]);
  expect(cores.map(({ shape }) => shape[2])).toEqual([...inner]);
  cores.forEach(({ values, shape }, site) => {
    expect(shape[0]).toBe(cores[site - 1]?.shape[3] ?? 1);
    expect(shape[3]).toBeLessThanOrEqual(site === cores.length - 1 ? 1 : ranks);
    expect(values).toHaveLength(shape.reduce((a, b) => a * b, 1));
  });
}

function expectOrthonormal({ cores }: TensorTrain): void {
  for (const { values, shape } of cores.slice(0, -1)) {
    const right = shape[3];
    for (let a = 0; a < right; a++) {
      for (let b = 0; b <= a; b++) {
        let dot = a === b ? -1 : 0;
        for (let at = 0; at < values.length; at += right) dot += values[at + a] * values[at + b];
        expect(Math.abs(dot)).toBeLessThan(2e-5);
      }
    }
  }
}
