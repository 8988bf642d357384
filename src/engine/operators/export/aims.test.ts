import { describe, expect, it } from 'vitest';
import { plannedDense } from '../dense/dense';
import { lowRank } from '../lowRank/lowRank';
import type { Mode, Operator } from '../operator';
import { plannedQuantized } from '../quantized/quantized';
import type { Pattern } from '../sparse/layouts/cells';
import { plannedSparse } from '../sparse/sparse';
import { sum } from '../sum/sum';
import { type Aim, formOf, type LoadNeeds, loadBytes, loadNeeds, residentBytes } from './choice';

const leaf = (...shape: number[]) => plannedDense(shape, 'float32');
const half = (...shape: number[]) => plannedDense(shape, 'float16');
/** Consumers of float32, by MatMul with the weight on the right. */
const rows = { mode: 'rows', type: 'float32' } as const;
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
    expect(residentBytes(codes(64, 64), rows, choice)).toBe(4 * 64 * 64);
    expect(loadNeeds(codes(64, 64), { ...rows, read: 'plain' }, choice).own).toBeGreaterThan(4 * 64 * 64);
    expect(residentBytes(codes(64, 64), rows, { aim: 'memory' })).toBe(codes(64, 64).bytes);
    // Factors of codes are dense in memory, and smaller than the weight.
    expect(residentBytes(lowRank(codes(64, 8), codes(8, 64)), rows, choice)).toBe(4 * 8 * 128);
  });

  it('counts what is computed while loading, and once what weights of a size share of it', () => {
    const shape = [1024, 1024];
    const count = 1024 * 1024;
    const needs = (pattern: Pattern, share: number) => {
      const operator = plannedSparse({ shape, type: 'float32', pattern, opset: 17 }, share * count, true);
      return loadNeeds(operator, { ...rows, read: 'transposed' }, { aim: 'speed' });
    };
    const each = (one: LoadNeeds, weights: number) => loadBytes(Array(weights).fill(one))[0]! / count;
    // Stored: 2.125. Numbers of bytes and their bits, 2.5; places, 2; scattered and in shape, 8; zeros and numbers, 8.
    const half = needs({ kind: 'unstructured' }, 0.5);
    expect(each(half, 1)).toBeCloseTo(2.125 + 12.5 + 8, 2);
    expect(each(half, 24)).toBeLessThan(16);
    expect(each(needs({ kind: 'n:m', n: 2, m: 4 }, 0.5), 24)).toBeLessThan(16);
    expect(each(needs({ kind: 'unstructured' }, 0.1), 24)).toBeLessThan(16);
    // A few other layers have other sizes.
    expect(loadBytes([half, { own: 7, shared: { other: 5 } }, half])).toEqual([
      half.own + 4 * count,
      12,
      half.own + 4 * count,
    ]);
    // What can't be made transposed is turned: its bytes once more.
    const turned = loadNeeds(codes(64, 64), { ...rows, read: 'transposed' }, { aim: 'speed' });
    expect(turned.own - loadNeeds(codes(64, 64), { ...rows, read: 'plain' }, { aim: 'speed' }).own).toBe(4 * 64 * 64);
    expect(loadNeeds(codes(64, 64), { ...rows, read: 'both' }, { aim: 'memory' })).toEqual({
      own: codes(64, 64).bytes,
      shared: {},
    });
  });

  it('counts what a consumer computes in: casts, and two bytes a weight in half precision', () => {
    const halves = { mode: 'rows', type: 'float16' } as const;
    const [speed, memory] = [{ aim: 'speed' }, { aim: 'memory' }] as const;
    const [wide, narrow] = [lowRank(leaf(64, 8), leaf(8, 64)), lowRank(half(64, 8), half(8, 64))];
    for (const operator of [wide, narrow]) {
      expect(residentBytes(operator, rows, speed)).toBe(4 * 8 * 128);
      expect(residentBytes(operator, halves, speed)).toBe(2 * 8 * 128);
      for (const of of [rows, halves]) {
        const cast = residentBytes(operator, of, speed) === operator.bytes ? 0 : residentBytes(operator, of, speed);
        expect(loadNeeds(operator, { ...of, read: 'plain' }, speed).own).toBe(operator.bytes + cast);
      }
    }
    expect(residentBytes(codes(64, 64), halves, speed)).toBe(2 * 64 * 64);
    // Rebuilt in float32, then cast, then turned.
    const turned = loadNeeds(codes(64, 64), { ...halves, read: 'transposed' }, speed).own;
    expect(turned).toBe(codes(64, 64).bytes + codes(64, 64).rebuildBytes + 2 * 2 * 64 * 64);
    // What is rebuilt at use is cast beforehand.
    const pattern = { kind: 'unstructured' } as const;
    const sparse = plannedSparse({ shape: [64, 64], type: 'float16', pattern, opset: 17 }, 2048, true);
    for (const [of, cast] of [
      [rows, 4 * 2048],
      [halves, 0],
    ] as const) {
      expect(residentBytes(sparse, of, memory)).toBe(sparse.bytes + cast);
      expect(loadNeeds(sparse, { ...of, read: 'plain' }, memory).own).toBe(sparse.bytes + cast);
    }
  });

  it('looks rows up in the dense table for speed: a lookup multiplies nothing', () => {
    expect(chosen(lowRank(leaf(1000, 8), leaf(8, 64)), 'gather')).toEqual(['load', 'load', 'factored']);
  });

  it('is never through factors in a grouped convolution', () => {
    expect(chosen(lowRank(leaf(64, 8), leaf(8, 64)), 'convGrouped')).toEqual(['load', 'load', 'use']);
  });
});
