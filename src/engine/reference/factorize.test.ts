import { Matrix, SVD } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { expectClose } from './compare';
import { factorize } from './factorize';
import { identity } from './identity';
import { matmul } from './matmul';
import { norms } from './norms';
import { normal, orthonormal, planted } from './random';
import { tournament } from './tournament';

describe('the reference factorisation', () => {
  it.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [20, 33],
    [40, 37],
  ])('of a random [%i, %i] matrix finds the singular values', (m, n) => {
    const a = normal(m * n, 7);
    const j = factorize(a, m, n);
    // float64 rounding of a few hundred rotations.
    expectClose(matmul(j, j, m, m, m, { transposeB: true }), identity(m, m), 1e-13);
    const tall = new Matrix(Array.from({ length: m }, (_, i) => Array.from(a.subarray(i * n, i * n + n))));
    const known = new SVD(m < n ? tall.transpose() : tall).diagonal;
    const found = norms(matmul(j, a, m, n, m), m, n).map(Math.sqrt);
    expectClose(found.subarray(0, Math.min(m, n)), known, 1e-12);
    expectClose(found.subarray(Math.min(m, n)), new Float64Array(Math.max(0, m - n)), 1e-12);
  });
  it('leaves a zero matrix with the identity', () => {
    expectClose(factorize(new Float64Array(12), 3, 4), identity(3, 3), 0);
  });
});

describe('tournament', () => {
  it.each([2, 4, 10, 32])('lets %i players meet once each', (players) => {
    const met = new Set<string>();
    for (let round = 0; round < players - 1; round++) {
      const playing = new Set<number>();
      for (let index = 0; index < players / 2; index++) {
        const pair = tournament(players, round, index);
        for (const player of pair) playing.add(player);
        met.add(String(pair));
      }
      expect(playing.size).toBe(players);
    }
    expect(met.size).toBe((players * (players - 1)) / 2);
  });
});

describe('seeded matrices', () => {
  it('have the planted spectrum', () => {
    const q = orthonormal(5, 9, 3);
    expectClose(matmul(q, q, 5, 5, 9, { transposeB: true }), identity(5, 5), 1e-14);
    const a = planted(4, 6, [3, 1, 0.5, 0], 1);
    const energy = norms(a, 4, 6).reduce((sum, norm) => sum + norm, 0);
    expect(Math.abs(energy - 10.25)).toBeLessThan(1e-5);
  });
});
