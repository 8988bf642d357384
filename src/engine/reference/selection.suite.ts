import { describe, expect, it } from 'vitest';
import type { Selection, Threshold, ValueList } from '../backend/selection';
import { seeded } from '../core/random';
import { normal } from './random';
import * as reference from './selection';

// Everything is exact, so every comparison is for equality: whole numbers are compared, nothing is rounded.
const random = seeded(7);
const KINDS: [string, (i: number) => number][] = [
  ['normal', () => random.normal()],
  ['few values, both signs', () => random.below(4) - 2],
  ['zeros of both signs, and a few others', () => (random.below(10) ? (random.below(2) ? 0 : -0) : random.normal())],
  ['denormals', () => (random.below(64) - 32) * 2 ** -149],
  ['from 1e−38 to 1e38', () => (random.below(2) ? 1 : -1) * 10 ** (76 * random.uniform() - 38)],
  ['falling', (i) => 1 / (1 + i)],
];
// Around a word of 32, the 2048 digits of a pass and the 4096 values that the GPU cuts a list into.
const SHAPES = [
  [1, 1],
  [3, 31],
  [2, 33],
  [5, 64],
  [1, 2049],
  [7, 300],
  [2, 4500],
] as const;

export const listOf = (values: Float32Array): ValueList => ({ length: values.length, read: () => values });

/** Masks of all lists, one after the other; the threshold that is left at the end. */
async function masksOf(selection: Selection, lists: readonly Float32Array[], found: Threshold) {
  const masks: Uint32Array[] = [];
  let rest = found;
  for (const values of lists) {
    const next = await selection.thresholdMask(values, rest);
    masks.push(next.mask);
    rest = next.rest;
  }
  return { masks, rest };
}

const bit = (mask: Uint32Array, i: number): number => (mask[i >>> 5]! >>> (i & 31)) & 1;

/** What either backend's selection must give, bit for bit. */
export function selectionSuite(open: () => Selection): void {
  describe.each(KINDS)('of %s', (_, make) => {
    it('the largest of a list, over one and many matrices', async () => {
      for (const [rows, columns] of SHAPES) {
        const all = Float32Array.from({ length: 3 * rows * columns }, (_, i) => make(i));
        const total = all.length;
        // One list inside a larger array, as weights in a file are; the lists' lengths are no multiples of anything.
        const lists = [all.subarray(0, total / 3), all.slice(total / 3)];
        for (const keep of new Set([1, Math.ceil(total / 3), total - 1, total])) {
          const found = await open().largestThreshold(lists.map(listOf), keep);
          const sorted = all.map(Math.abs).sort((a, b) => b - a);
          const threshold = sorted[keep - 1]!;
          const equal = sorted.filter((value) => value === threshold).length;
          expect(found).toEqual({ threshold, equal, ties: keep - sorted.indexOf(threshold) });
          const { masks, rest } = await masksOf(open(), lists, found);
          const expected = reference.largestMask(all, 1, total, keep);
          const bits = lists.flatMap(({ length }, list) => Array.from({ length }, (_, i) => bit(masks[list]!, i)));
          expect(bits).toEqual(Array.from({ length: total }, (_, i) => bit(expected, i)));
          expect(rest).toEqual(found.ties < equal ? { threshold, ties: 0, equal: 0 } : found);
        }
      }
    });

    it('the largest of each row, and N of M', async () => {
      for (const [rows, columns] of SHAPES) {
        const values = Float32Array.from({ length: rows * columns }, (_, i) => make(i));
        for (const keep of new Set([0, 1, columns >> 1, columns, columns + 1])) {
          const mask = await open().rowMask(values, rows, columns, keep);
          expect(mask).toEqual(reference.largestMask(values, rows, columns, keep));
        }
        for (const [n, m] of [
          [2, 4],
          [4, 8],
          [1, 32],
          [0, 2],
          [1, 1],
        ] as const) {
          const mask = await open().groupMask(values, rows, columns, n, m);
          expect(mask).toEqual(reference.groupMask(values, rows, columns, n, m));
        }
      }
    });
  });

  describe('selection', () => {
    it('of 3 million weights is exact, whatever the pieces', async () => {
      const length = 3_000_000;
      // 100,003 values that come 30 times each: the ties of the threshold are cut somewhere.
      const some = normal(100_003, 3);
      const values = Float32Array.from({ length }, (_, i) => some[i % some.length]!);
      const keep = 1_234_567;
      const found = await open().largestThreshold([listOf(values)], keep);
      const sorted = values.map(Math.abs).sort();
      expect(found.threshold).toBe(sorted[length - keep]);
      const { mask } = await open().thresholdMask(values, found);
      let [kept, wrong] = [0, 0];
      let ties = found.ties;
      for (let i = 0; i < length; i++) {
        const size = Math.abs(values[i]!);
        const wanted = size > found.threshold || (size === found.threshold && ties-- > 0);
        kept += bit(mask, i);
        if (wanted !== (bit(mask, i) === 1)) wrong++;
      }
      expect([kept, wrong]).toEqual([keep, 0]);
    });

    it('reads one list at a time, three times', async () => {
      const lists = [normal(100, 1), normal(70, 2), normal(130, 3)].map((values) => Float32Array.from(values));
      const reads: number[] = [];
      const asked = lists.map((values, i) => ({
        length: values.length,
        async read() {
          reads.push(i);
          return values.slice();
        },
      }));
      const shares: number[] = [];
      const { threshold } = await open().largestThreshold(asked, 50, {
        onProgress: ({ done, total }) => shares.push(done / total),
      });
      expect(reads).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
      const all = lists.flatMap((values) => Array.from(values, Math.abs));
      expect(threshold).toBe(all.sort((a, b) => b - a)[49]);
    });

    it('hears a cancel', async () => {
      const values = Float32Array.from(normal(1000, 4));
      const signal = AbortSignal.abort();
      const aborted = { name: 'AbortError' };
      const selection = open();
      await expect(selection.largestThreshold([listOf(values)], 1, { signal })).rejects.toMatchObject(aborted);
      const threshold = { threshold: 1, ties: 0, equal: 1 };
      await expect(selection.thresholdMask(values, threshold, { signal })).rejects.toMatchObject(aborted);
      await expect(selection.rowMask(values, 10, 100, 5, { signal })).rejects.toMatchObject(aborted);
      await expect(selection.groupMask(values, 10, 100, 2, 4, { signal })).rejects.toMatchObject(aborted);
    });

    it('refuses what it cannot do', async () => {
      const values = Float32Array.of(1, Number.NaN);
      const infinite = Float32Array.of(1, Number.NEGATIVE_INFINITY);
      const selection = open();
      await expect(selection.largestThreshold([listOf(values)], 1)).rejects.toThrow(/not finite/);
      await expect(selection.largestThreshold([listOf(infinite)], 2)).rejects.toThrow(/not finite/);
      await expect(selection.largestThreshold([listOf(values)], 3)).rejects.toThrow(/1 to 2 can be kept, not 3/);
      await expect(selection.largestThreshold([listOf(values)], 0)).rejects.toThrow(/1 to 2 can be kept, not 0/);
      await expect(selection.largestThreshold([{ length: 3, read: () => values }], 1)).rejects.toThrow(
        /3 values gave 2/,
      );
      await expect(selection.rowMask(values, 1, 3, 1)).rejects.toThrow('needs 3 values, not 2');
      await expect(selection.rowMask(values, 1, 2, -1)).rejects.toThrow(RangeError);
      await expect(selection.groupMask(values, 1, 2, 1, 3)).rejects.toThrow(RangeError);
      await expect(selection.groupMask(values, 1, 2, 0.5, 2)).rejects.toThrow(RangeError);
    });
  });
}
