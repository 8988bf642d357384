import { describe, expect, it } from 'vitest';
import { denseOf } from '../../operators/dense/dense';
import { normal } from '../../reference/random';
import { getMethod } from '../registry';
import { heatMapOf } from './heatMap';
import { histogramOf } from './histogram';

const values = Float32Array.from(normal(300 * 40, 2));

describe('a histogram', () => {
  it('counts every weight once, on one symmetric range', () => {
    const after = values.map((value) => value / 2);
    const { from, to, before, after: halves } = histogramOf(values, after);
    expect(from).toBe(-to);
    expect(to).toBe(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    for (const counts of [before, halves]) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length);
    // Half as wide, so about twice as high in the middle.
    const middle = (before.length - 1) / 2;
    expect(halves[middle]! / before[middle]!).toBeGreaterThan(1.5);
  });
  it('has zeros in its middle', () => {
    const zeros = histogramOf(values, new Float32Array(values.length));
    expect(zeros.after[(zeros.after.length - 1) / 2]).toBe(values.length);
  });
});

describe('a heat map', () => {
  it('is the weight without signs where it fits', () => {
    const { rows, columns, values: shown, block } = heatMapOf(values, [300, 8, 5], 512);
    expect([rows, columns, ...block]).toEqual([300, 40, 1, 1]);
    expect(shown).toEqual(values.map(Math.abs));
  });
  it('keeps the norm of the weight in larger blocks, at ragged edges too', () => {
    const { rows, columns, values: shown, block } = heatMapOf(values, [300, 40], 16);
    expect([rows, columns, ...block]).toEqual([16, 14, 19, 3]);
    let squares = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const covered = Math.min(19, 300 - 19 * i) * Math.min(3, 40 - 3 * j);
        squares += covered * shown[i * columns + j]! ** 2;
      }
    }
    // Roots are rounded to float32.
    expect(squares / values.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 5);
  });
});

describe('the picture of a method', () => {
  const weight = denseOf([300, 40], 'float32', values);
  const pictureOf = (name: string, given: object, before: Float32Array, after: Float32Array) => {
    const method = getMethod(name);
    return method.picture!({ weight, operator: weight, before, after }, method.options.parse(given));
  };
  it('of pruning is where weights are left', () => {
    const pruned = values.map((value) => (Math.abs(value) > 1 ? value : 0));
    const picture = pictureOf('prune', { sparsity: 0.5 }, values, pruned);
    if (picture?.kind !== 'mask') throw new Error('no mask');
    expect(picture.zeros).toBe(pruned.filter((value) => value === 0).length);
    expect(picture.map.block).toEqual([2, 1]);
    expect(picture.map.values[0]).toBe((Number(pruned[0] !== 0) + Number(pruned[40] !== 0)) / 2);
  });
  it('of quantising is the group with the largest weight, ends included', () => {
    const outlier = values.slice();
    outlier[40 * 7 + 33] = 50;
    const coarse = outlier.map((value) => Math.round(value / 10) * 10);
    // The last group of a row of 40 is short.
    for (const [groupSize, count] of [
      [16, 8],
      [0, 40],
    ] as const) {
      const picture = pictureOf('quantize', { bits: 4, groupSize }, outlier, coarse);
      if (picture?.kind !== 'grid') throw new Error('no grid');
      const { row, before, after, levels } = picture;
      expect([row, before.length, before.at(-1), after.at(-1), levels]).toEqual([7, count, 50, 50, 2]);
    }
  });
  it('of sharing counts the uses of every value', () => {
    const shared = values.map((_, i) => [0.5, -0.25, -0.25][i % 3]!);
    expect(pictureOf('share', { size: 0.5 }, values, shared)).toEqual({
      kind: 'slots',
      counts: [8000, 4000],
      distinct: 2,
      of: 12_000,
    });
  });
});
