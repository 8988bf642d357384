import { expect } from 'vitest';
import { planted } from '../reference/random';
import type { MatrixWeight } from './svd';

export interface Case {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly sigma: readonly number[];
  readonly scale?: number;
}

export const decay = (count: number, last: number) =>
  Array.from({ length: count }, (_, i) => last ** (i / (count - 1)));

export const CASES: readonly Case[] = [
  { name: 'decay to 1e−7, wide', rows: 48, columns: 90, sigma: decay(48, 1e-7) },
  { name: 'decay to 1e−7, tall', rows: 90, columns: 48, sigma: decay(48, 1e-7) },
  {
    name: 'clusters',
    rows: 40,
    columns: 60,
    sigma: [3, 2, 1].flatMap((s) => Array.from({ length: 13 }, (_, i) => s - i * 1e-6)),
  },
  { name: 'all equal', rows: 32, columns: 32, sigma: Array(32).fill(1) },
  {
    name: 'repeated',
    rows: 33,
    columns: 50,
    sigma: [...Array(8).fill(5), ...Array(16).fill(1), ...Array(9).fill(0.01)],
  },
  { name: 'rank 5 of 45', rows: 45, columns: 64, sigma: [9, 7, 5, 3, 1] },
  { name: 'rank 1', rows: 20, columns: 30, sigma: [4] },
  { name: 'all zero', rows: 12, columns: 17, sigma: [] },
  { name: 'tiny: 1e−18', rows: 24, columns: 36, sigma: decay(24, 1e-3), scale: 1e-18 },
  { name: 'huge: 1e18', rows: 36, columns: 24, sigma: decay(24, 1e-3), scale: 1e18 },
  { name: '1×n', rows: 1, columns: 40, sigma: [2] },
  { name: 'n×1', rows: 40, columns: 1, sigma: [2] },
  { name: '1×1', rows: 1, columns: 1, sigma: [0.3] },
  { name: '2×2', rows: 2, columns: 2, sigma: [1, 0.5] },
  { name: 'far from square', rows: 9, columns: 700, sigma: decay(9, 0.1) },
];

/** The case's matrix, and its singular values. */
export function plantedWeight({ rows, columns, sigma, scale = 1 }: Case): MatrixWeight & { truth: Float64Array } {
  const values = planted(rows, columns, sigma, rows * 1000 + columns).map((x) => x * scale);
  const truth = Float64Array.from({ length: Math.min(rows, columns) }, (_, i) => (sigma[i] ?? 0) * scale);
  return { values, rows, columns, truth };
}

/** Entry by entry, relative to the largest. */
export function expectClose(actual: Float64Array, truth: Float64Array, tolerance: number): void {
  expect(actual).toHaveLength(truth.length);
  const off = actual.map((value, i) => Math.abs(value - truth[i]));
  expect(Math.max(...off)).toBeLessThanOrEqual(tolerance * truth[0]);
}

export function product(
  left: Float32Array,
  right: Float32Array,
  { rows, columns }: MatrixWeight,
  rank: number,
): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let r = 0; r < rank; r++) {
      for (let j = 0; j < columns; j++) result[i * columns + j] += left[i * rank + r] * right[r * columns + j];
    }
  }
  return result;
}

/** ‖w − approximation‖/‖w‖; 0 for a zero weight that is reproduced exactly. NaN stays NaN, and fails every comparison. */
export function relativeError(w: ArrayLike<number>, approximation: Float64Array): number {
  let difference = 0;
  let whole = 0;
  for (let i = 0; i < w.length; i++) {
    difference += (w[i] - approximation[i]) ** 2;
    whole += w[i] ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / whole);
}

/** The largest entry of |J·Jᵀ − I|. */
export function deviation(j: Float32Array, n: number): number {
  expect(j).toHaveLength(n * n);
  let worst = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) {
      let dot = a === b ? -1 : 0;
      for (let c = 0; c < n; c++) dot += j[a * n + c] * j[b * n + c];
      worst = Math.max(worst, Number.isNaN(dot) ? Number.POSITIVE_INFINITY : Math.abs(dot));
    }
  }
  return worst;
}
