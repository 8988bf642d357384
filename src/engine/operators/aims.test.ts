import { describe, expect, it } from 'vitest';
import { plannedDense } from './dense';
import { type Aim, formOf, loadBytes, residentBytes } from './forms';
import { lowRank } from './lowRank';
import type { Mode, Operator } from './operator';
import { plannedQuantized } from './quantized';
import { sum } from './sum';

const leaf = (...shape: number[]) => plannedDense(shape, 'float32');
const codes = (out: number, inner: number) =>
  plannedQuantized([out, inner], 'float32', { bits: 4, blockSize: 32, zeroPoints: true });

describe('the form that each aim chooses', () => {
  const chosen = (operator: Operator, mode: Mode = 'rows') =>
    (['speed', 'file', 'memory'] as Aim[]).map((aim) => formOf(operator, mode, { aim }));

  it('is through the factors where that takes less, dense from loading on where it does not', () => {
    expect(chosen(lowRank(leaf(64, 8), leaf(8, 64)))).toEqual(['factored', 'factored', 'factored']);
    expect(chosen(lowRank(leaf(64, 40), leaf(40, 64)))).toEqual(['load', 'load', 'factored']);
    // The part that no runtime applies as it is counts as dense, so that both together take more.
    expect(chosen(sum([lowRank(leaf(64, 8), leaf(8, 64)), leaf(64, 64)]))).toEqual(['load', 'load', 'factored']);
  });

  it('decodes codes while loading for speed, and at each product for memory', () => {
    expect(chosen(codes(64, 64))).toEqual(['load', 'load', 'factored']);
    const choice = { aim: 'speed' } as const;
    expect(residentBytes(codes(64, 64), 'rows', choice)).toBe(4 * 64 * 64);
    expect(loadBytes(codes(64, 64), 'rows', choice)).toBeGreaterThan(4 * 64 * 64);
    expect(residentBytes(codes(64, 64), 'rows', { aim: 'memory' })).toBe(codes(64, 64).bytes);
    // Factors of codes are dense in memory, and smaller than the weight.
    expect(residentBytes(lowRank(codes(64, 8), codes(8, 64)), 'rows', choice)).toBe(4 * 8 * 128);
  });

  it('looks rows up in the dense table for speed: a lookup multiplies nothing', () => {
    expect(chosen(lowRank(leaf(1000, 8), leaf(8, 64)), 'gather')).toEqual(['load', 'load', 'factored']);
  });

  it('is never through factors in a grouped convolution', () => {
    expect(chosen(lowRank(leaf(64, 8), leaf(8, 64)), 'convGrouped')).toEqual(['load', 'load', 'use']);
  });
});
