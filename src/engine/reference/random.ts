import { matmul } from './matmul';

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` values of the standard normal distribution (Box–Muller). */
export function normal(length: number, seed: number): Float64Array<ArrayBuffer> {
  const next = uniform(seed);
  return Float64Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()));
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
