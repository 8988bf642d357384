import { describe, expect, it } from 'vitest';
import * as spectrum from './spectrum';

describe('effectiveRank', () => {
  it.each([
    ['one direction', [5, 0, 0], 1],
    ['k equal ones', [2, 2, 2, 2], 4],
    ['nothing', [0, 0], 0],
    // p = ¾, ¼: e^0.5623…
    ['two unequal ones', [Math.sqrt(3), 1], Math.exp(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25))],
  ])('%s', (_, values, rank) => {
    expect(spectrum.effectiveRank(values)).toBeCloseTo(rank, 12);
  });

  it('does not depend on the unit', () => {
    expect(spectrum.effectiveRank([3e18, 1e18])).toBeCloseTo(spectrum.effectiveRank([3e-18, 1e-18]), 12);
  });
});

describe('truncationError', () => {
  it('is the share of σ² that is dropped, under a root', () => {
    expect(spectrum.truncationError([3, 4 / 3, 1], 1)).toBeCloseTo(Math.sqrt((16 / 9 + 1) / (9 + 16 / 9 + 1)), 14);
    expect(spectrum.truncationError([3, 1], 0)).toBe(1);
    expect(spectrum.truncationError([3, 1], 2)).toBe(0);
    expect(spectrum.truncationError([0, 0], 1)).toBe(0);
  });

  it('keeps errors that a difference of sums would lose', () => {
    expect(spectrum.truncationError([1, 1e-12], 1)).toBeCloseTo(1e-12, 24);
  });
});

describe('ranks for a matrix', () => {
  const values = Float64Array.from({ length: 50 }, (_, i) => 0.8 ** i);

  it('rankForError is the smallest one that is good enough', () => {
    for (const error of [0.9, 0.5, 0.1, 0.01, 1e-4]) {
      const rank = spectrum.rankForError(values, error);
      expect(spectrum.truncationError(values, rank)).toBeLessThanOrEqual(error);
      if (rank > 1) expect(spectrum.truncationError(values, rank - 1)).toBeGreaterThan(error);
    }
  });

  it('rankForEnergy meets shares that are met exactly', () => {
    expect(spectrum.rankForEnergy([3, 1], 0.9)).toBe(1);
    expect(spectrum.rankForEnergy([3, 1], 0.91)).toBe(2);
    expect(spectrum.rankForEnergy([3, 1, 0], 1)).toBe(2);
    expect(spectrum.rankForEnergy([0, 0], 1)).toBe(1);
  });

  it('rankForSize and breakEvenRank', () => {
    expect(spectrum.rankForSize(512, 256, 0.5)).toBe(85);
    expect(spectrum.rankForSize(512, 256, 1e-6)).toBe(1);
    expect(spectrum.breakEvenRank(512, 256)).toBeCloseTo(170.67, 2);
    // At the break-even rank, two factors cost what the matrix does.
    expect(spectrum.breakEvenRank(512, 256) * (512 + 256)).toBeCloseTo(512 * 256, 6);
  });
});

describe('ranks for Tucker-2', () => {
  const [out, inner, taps] = [12, 7, 9];
  const square = (i: number, j: number) => 0.6 ** i * 0.5 ** j * (1 + ((i * 5 + j * 3) % 4));
  const energy = new Float64Array((out + 1) * (inner + 1));
  for (let i = 1; i <= out; i++) {
    for (let j = 1; j <= inner; j++) {
      let sum = 0;
      for (let a = 0; a < i; a++) for (let b = 0; b < j; b++) sum += square(a, b);
      energy[i * (inner + 1) + j] = sum;
    }
  }
  const energies = { outValues: new Float64Array(out), inValues: new Float64Array(inner), energy };
  const pairs = Array.from({ length: out * inner }, (_, at) => ({
    rOut: Math.floor(at / inner) + 1,
    rIn: (at % inner) + 1,
  }));
  const cost = (ranks: spectrum.TuckerRanks) => spectrum.tuckerParameters(out, inner, taps, ranks);

  it('tuckerError is what the block leaves', () => {
    let dropped = 0;
    let whole = 0;
    for (let a = 0; a < out; a++) {
      for (let b = 0; b < inner; b++) {
        whole += square(a, b);
        if (a >= 4 || b >= 2) dropped += square(a, b);
      }
    }
    expect(spectrum.tuckerError(energies, 4, 2)).toBeCloseTo(Math.sqrt(dropped / whole), 12);
    expect(spectrum.tuckerError(energies, out, inner)).toBe(0);
    expect(spectrum.tuckerError({ ...energies, energy: new Float64Array(energy.length) }, 1, 1)).toBe(0);
  });

  it.each([0.9, 0.6, 0.3, 0.1, 0.03, 0.001])('tuckerRanksForError(%f) is what trying every pair finds', (error) => {
    const ranks = spectrum.tuckerRanksForError(energies, taps, error);
    const fewest = Math.min(
      ...pairs.filter(({ rOut, rIn }) => spectrum.tuckerError(energies, rOut, rIn) <= error).map(cost),
    );
    expect(spectrum.tuckerError(energies, ranks.rOut, ranks.rIn)).toBeLessThanOrEqual(error);
    expect(cost(ranks)).toBe(fewest);
  });

  it('tuckerRanksForEnergy keeps that share', () => {
    const { rOut, rIn } = spectrum.tuckerRanksForEnergy(energies, taps, 0.95);
    expect(1 - spectrum.tuckerError(energies, rOut, rIn) ** 2).toBeGreaterThanOrEqual(0.95);
    expect({ rOut, rIn }).toEqual(spectrum.tuckerRanksForError(energies, taps, Math.sqrt(0.05)));
  });

  it.each([
    [12, 7, 9],
    [64, 32, 9],
    [5, 300, 25],
    [8, 8, 1],
  ])('tuckerRanksForSize: the largest common share that fits, for [%i, %i, %i]', (out, inner, taps) => {
    for (const size of [0.9, 0.5, 0.2, 0.05]) {
      const limit = size * out * inner * taps;
      // Every share at which a rank changes, tried from the largest on.
      const shares = new Set<number>();
      for (let i = 1; i <= out; i++) shares.add(i / out);
      for (let j = 1; j <= inner; j++) shares.add(j / inner);
      const ranksAt = (share: number) => ({
        rOut: Math.max(1, Math.floor(share * out + 1e-9)),
        rIn: Math.max(1, Math.floor(share * inner + 1e-9)),
      });
      const best = [...shares]
        .sort((a, b) => b - a)
        .map(ranksAt)
        .find((ranks) => spectrum.tuckerParameters(out, inner, taps, ranks) <= limit);
      expect(spectrum.tuckerRanksForSize(out, inner, taps, size)).toEqual(best ?? { rOut: 1, rIn: 1 });
    }
  });

  it('tuckerRanksForRank goes as far as the channels', () => {
    expect(spectrum.tuckerRanksForRank(64, 3, 16)).toEqual({ rOut: 16, rIn: 3 });
  });
});
