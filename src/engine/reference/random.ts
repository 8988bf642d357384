import { seeded } from '../core/random';
import { matmul } from './matmul';

/** `length` values of the standard normal distribution. */
export function normal(length: number, seed: number): Float64Array<ArrayBuffer> {
  const random = seeded(seed);
  return Float64Array.from({ length }, () => random.normal());
}

/** `count` orthonormal rows of length `length` ≥ count: Gram–Schmidt, twice, on random rows. */
export function orthonormal(count: number, length: number, seed: number): Float64Array<ArrayBuffer> {
  const q = normal(count * length, seed);
  for (let i = 0; i < count; i++) {
    const row = q.subarray(i * length, (i + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < i; other++) {
        const against = q.subarray(other * length, (other + 1) * length);
        const along = row.reduce((sum, value, k) => sum + value * against[k], 0);
        for (let k = 0; k < length; k++) row[k] -= along * against[k];
      }
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let k = 0; k < length; k++) row[k] /= norm;
  }
  return q;
}

/** A random [m, n] matrix with these singular values (min(m, n) of them), rounded to float32. */
export function planted(m: number, n: number, values: ArrayLike<number>, seed: number): Float32Array<ArrayBuffer> {
  const k = values.length;
  const u = orthonormal(k, m, seed);
  const v = orthonormal(k, n, seed + 1);
  for (let i = 0; i < k; i++) for (let j = 0; j < n; j++) v[i * n + j] *= values[i];
  return Float32Array.from(matmul(u, v, m, n, k, { transposeA: true }));
}
