import { describe, expect, it } from 'vitest';
import { damageScaleOf, formatDamage } from './damageScale';
import { cellOf, measured, reportOf } from './report.fixtures';

const scaleOf = (...damages: number[]) =>
  damageScaleOf(reportOf(damages.map((damage, i) => cellOf(`layer ${i}`, 'svd', 0.5, measured(damage)))));

describe('the scale of damages', () => {
  it('reaches from the power of ten below the least to the one above the most', () => {
    const { least, most, ticks } = scaleOf(0.0032, 0.41);
    expect([least, most]).toEqual([0.001, 1]);
    expect(ticks).toEqual([0.001, 0.01, 0.1, 1]);
  });
  it('gives equal factors equal distances', () => {
    const { place } = scaleOf(0.001, 1);
    expect(place(0.1) - place(0.01)).toBeCloseTo(place(1) - place(0.1), 12);
    expect([place(0.001), place(1), place(50)]).toEqual([0, 1, 1]);
  });
  it('puts no damage, and what labels count as a gain, at its beginning', () => {
    const { place, least } = scaleOf(0, -0.1, 0.02, 2);
    expect([place(0), place(-0.1)]).toEqual([0, 0]);
    expect(least).toBe(0.01);
  });
  it('does not stretch to what is nothing beside the rest', () => {
    expect(scaleOf(1e-13, 0.01, 1).least).toBe(0.01);
  });
  it('has powers of ten that stand exactly on a damage once', () => {
    expect(scaleOf(0.001, 0.1).ticks).toEqual([0.001, 0.01, 0.1]);
  });
  it('exists before anything is measured', () => {
    expect(damageScaleOf(reportOf([cellOf('a', 'svd', 0.5)])).ticks.length).toBeGreaterThan(1);
  });
});

it('damages are written with two digits that matter', () => {
  expect([0, 0.0312, 0.5, 4.26, 431, 0.000042, -0.02, 0.00002, 1.0].map(formatDamage)).toEqual([
    ...['0', '0.031', '0.5', '4.3', '431', '4.2e−5', '−0.02', '2e−5', '1'],
  ]);
});
