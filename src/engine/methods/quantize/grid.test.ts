import { describe, expect, it } from 'vitest';
import { decodeQuantized } from '../../backend/codes';
import { seeded } from '../../core/random';
import { halvesToFloats, roundedToHalf } from '../../model/tensors';
import type { GridOptions } from './grid';
import { nearest } from './nearest';

const random = seeded(17);

function relativeError(values: Float32Array, now: Float32Array | Float64Array): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    difference += (values[i]! - now[i]!) ** 2;
    norm += values[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

const error = async (values: Float32Array, columns: number, options: GridOptions) =>
  relativeError(values, decodeQuantized(await nearest(values, values.length / columns, columns, options)));

describe('float16 scales', () => {
  const columns = 64;
  // Float16 holds numbers of this size as small multiples of 2^−24.
  const small = (largest: number) =>
    Float32Array.from({ length: 40 * columns }, () => Math.round((2 * random.uniform() - 1) * largest) * 2 ** -24);

  it('are exact on weights that few steps of float16 tell apart', async () => {
    for (const symmetric of [true, false]) {
      const options = { bits: 8, blockSize: columns, symmetric, type: 'float16' } as const;
      expect(await error(small(127), columns, options)).toBe(0);
      expect(await error(small(1), columns, options)).toBe(0);
    }
  });

  it('err hardly more than float32 ones, or say so, whatever lies between two of float16', async () => {
    for (const largest of [1, 2, 5, 9, 20, 70, 130, 190, 250, 400, 1000, 5000, 30000]) {
      for (const bits of [2, 4, 8] as const) {
        const values = small(largest);
        const options = { bits, blockSize: columns, symmetric: bits === 8 } as const;
        const exact = await error(values, columns, { ...options, type: 'float32' });
        const form = await nearest(values, 40, columns, { ...options, type: 'float16' });
        for (const scale of form.scales) expect(roundedToHalf(scale)).toBe(scale);
        // Rounding to float16, which a rebuilt weight gets in any case: a step is uniform within ½.
        const rounding = Math.sqrt(1 / 12) / (largest * Math.sqrt(1 / 3));
        // Twice the squares in any one group makes the form coarse.
        const limit = Math.sqrt(2 * (exact ** 2 + rounding ** 2));
        const found = relativeError(values, decodeQuantized(form));
        if (!form.coarse) expect(found, `${bits} bits up to ${largest}`).toBeLessThanOrEqual(limit * 1.001);
      }
    }
  });

  it('are left for float32 ones where these are much better', async () => {
    // 22 steps over 15 codes: a scale of 1 leaves seven steps out, one of 2 tells only half of them apart.
    const values = small(11);
    const options = { bits: 4, blockSize: columns, symmetric: false } as const;
    expect((await nearest(values, 40, columns, { ...options, type: 'float16' })).coarse).toBe(true);
    expect((await nearest(values, 40, columns, { ...options, type: 'float32' })).coarse).toBe(false);
  });

  it('stand for nothing beyond the largest number', async () => {
    const finite = halvesToFloats(Uint16Array.from({ length: 16 * columns }, () => 0x7b00 + random.below(256)));
    const values = finite.map((value, i) => (i % 3 === 0 ? -value : value));
    for (const bits of [2, 4, 8] as const) {
      for (const symmetric of [true, false]) {
        const form = await nearest(values, 16, columns, { bits, blockSize: columns, symmetric, type: 'float16' });
        for (const weight of decodeQuantized(form)) expect(Math.abs(roundedToHalf(weight))).toBeLessThanOrEqual(65504);
      }
    }
  });
});

it('values beyond float16, as AWQ makes them, get float32 scales where float16 ones would be infinite', async () => {
  const values = Float32Array.from({ length: 8 * 64 }, () => 1e6 * random.normal());
  const options = { blockSize: 64, symmetric: true, type: 'float16' } as const;
  expect((await nearest(values, 8, 64, { ...options, bits: 2 })).coarse).toBe(true);
  const form = await nearest(values, 8, 64, { ...options, bits: 8 });
  expect(form.coarse).toBe(false);
  // Largest of 64 normal numbers: about 2.4, over 127 codes.
  expect(relativeError(values, decodeQuantized(form))).toBeLessThan(0.01);
});

it('float32 scales err as much on the smallest and the largest numbers as on those around 1', async () => {
  const values = Float32Array.from({ length: 30 * 96 }, () => random.normal());
  for (const bits of [2, 4, 8] as const) {
    const options = { bits, blockSize: 32, symmetric: bits === 8, type: 'float32' } as const;
    const usual = await error(values, 96, options);
    // A number of 2^−133 is known to 2^−16, its scale to a 256th of that.
    for (const exponent of [-133, -126, -60, 60, 124]) {
      const scaled = values.map((value) => value * 2 ** exponent);
      expect(Math.abs((await error(scaled, 96, options)) / usual - 1), `2^${exponent}`).toBeLessThan(0.02);
    }
  }
});
