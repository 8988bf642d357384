import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../random';
import { normal } from '../reference/random';
import * as reference from '../reference/selection';
import { createGpuBackend } from './backend';
import { Buffers } from './buffers';
import { type Device, openDevice } from './device';
import { Dispatcher } from './dispatcher';
import { Pace } from './pace';
import {
  groupExtrema,
  groupMask,
  largestThreshold,
  type Operand,
  prepareSelection,
  rowMask,
  type SelectionContext,
  thresholdMasks,
} from './selection';
import { testGpu } from './testing';

let device: Device;
let context: SelectionContext;
beforeAll(async () => {
  device = (await openDevice(await testGpu()))!;
  context = { buffers: new Buffers(device), dispatcher: new Dispatcher(device), pace: new Pace() };
  await prepareSelection(context);
});
afterAll(() => device?.destroy());
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') expect(context.buffers.count).toBe(0);
});

const upload = (values: Float32Array, rows: number, columns: number): Operand => ({
  buffer: context.buffers.upload(values, 'a test'),
  rows,
  columns,
});
const free = (...buffers: GPUBuffer[]) => context.buffers.free(...buffers);
const words = async (buffer: GPUBuffer) => new Uint32Array(await context.buffers.read(buffer));

/** Everything exact, so every comparison below is for equality: whole numbers are compared, nothing is rounded. */
const random = seeded(7);
const kinds: [string, (i: number) => number][] = [
  ['normal', () => random.normal()],
  ['few values, both signs', () => random.below(4) - 2],
  ['zeros of both signs, and a few others', () => (random.below(10) ? (random.below(2) ? 0 : -0) : random.normal())],
  ['denormals', () => (random.below(64) - 32) * 2 ** -149],
  ['from 1e−38 to 1e38', () => (random.below(2) ? 1 : -1) * 10 ** (76 * random.uniform() - 38)],
  ['falling', (i) => 1 / (1 + i)],
];
const shapes = [
  [1, 1],
  [3, 31],
  [2, 33],
  [5, 64],
  [1, 2049],
  [7, 300],
  [2, 4500],
] as const;

describe.each(kinds)('of %s', (_, make) => {
  it('the largest of a list, over one and many matrices', async () => {
    for (const [rows, columns] of shapes) {
      const all = Float32Array.from({ length: 2 * rows * columns }, (_, i) => make(i));
      const total = all.length;
      const [one, other] = [all.slice(0, total / 2), all.slice(total / 2)].map((half) => upload(half, rows, columns));
      for (const keep of new Set([1, Math.ceil(total / 3), total - 1, total])) {
        const found = await largestThreshold(context, [one!, other!], keep);
        const sorted = all.map(Math.abs).sort((a, b) => b - a);
        expect(found.threshold).toBe(sorted[keep - 1]);
        expect(found.equal).toBe(sorted.filter((value) => value === found.threshold).length);
        const masks = await thresholdMasks(context, [one!, other!], found);
        const bits = (await Promise.all(masks.map(words))).flatMap((mask) =>
          Array.from({ length: total / 2 }, (_, i) => (mask[i >>> 5]! >>> (i & 31)) & 1),
        );
        const expected = reference.largestMask(all, 1, total, keep);
        expect(bits).toEqual(Array.from({ length: total }, (_, i) => (expected[i >>> 5]! >>> (i & 31)) & 1));
        free(...masks);
      }
      free(one!.buffer, other!.buffer);
    }
  });

  it('the largest of each row, N of M, and the ranges of groups', async () => {
    for (const [rows, columns] of shapes) {
      const values = Float32Array.from({ length: rows * columns }, (_, i) => make(i));
      const operand = upload(values, rows, columns);
      for (const keep of new Set([0, 1, columns >> 1, columns, columns + 1])) {
        const mask = await rowMask(context, operand, keep);
        expect(await words(mask)).toEqual(reference.largestMask(values, rows, columns, keep));
        free(mask);
      }
      for (const [n, m] of [
        [2, 4],
        [4, 8],
        [1, 32],
      ] as const) {
        const mask = await groupMask(context, operand, n, m);
        expect(await words(mask)).toEqual(reference.groupMask(values, rows, columns, n, m));
        free(mask);
      }
      for (const size of [1, 32, 48, 128, columns]) {
        const found = await groupExtrema(context, operand, size);
        const expected = Float32Array.from(reference.extrema(values, rows, columns, size));
        // By their bits: +0 is not −0.
        expect(await words(found)).toEqual(new Uint32Array(expected.buffer));
        free(found);
      }
      free(operand.buffer);
    }
  });
});

describe('selection', () => {
  it('of 10 million weights is exact, whatever the pieces', async () => {
    const length = 10_000_000;
    const some = normal(100_003, 3);
    const values = Float32Array.from({ length }, (_, i) => some[i % some.length]!);
    const operand = upload(values, 1, length);
    const keep = 1_234_567;
    const found = await largestThreshold(context, [operand], keep);
    const sorted = values.map(Math.abs).sort();
    expect(found.threshold).toBe(sorted[length - keep]);
    const [mask] = await thresholdMasks(context, [operand], found);
    const bits = await words(mask!);
    let [kept, wrong] = [0, 0];
    let ties = found.ties;
    for (let i = 0; i < length; i++) {
      const bit = (bits[i >>> 5]! >>> (i & 31)) & 1;
      const size = Math.abs(values[i]!);
      const wanted = size > found.threshold || (size === found.threshold && ties-- > 0);
      kept += bit;
      if (wanted !== (bit === 1)) wrong++;
    }
    expect([kept, wrong]).toEqual([keep, 0]);
    free(operand.buffer, mask!);
  });

  it("reads a backend's matrices, panel by panel", async () => {
    const backend = (await createGpuBackend(await testGpu(), { panelBytes: 64 * 4 * 40 }))!;
    const values = Float32Array.from(normal(150 * 40, 5));
    const matrix = backend.upload(values, 150, 40);
    const { context: own, operands } = backend.selecting(matrix);
    expect(operands.map(({ rows }) => rows)).toEqual([64, 64, 22]);
    const { threshold } = await largestThreshold(own, operands, 1000);
    expect(threshold).toBe(values.map(Math.abs).sort().at(-1000));
    backend.free(matrix);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
    backend.dispose();
  });

  it('refuses what it cannot do', async () => {
    const operand = upload(Float32Array.of(1, Number.NaN), 1, 2);
    await expect(largestThreshold(context, [operand], 1)).rejects.toThrow(/not finite/);
    await expect(largestThreshold(context, [operand], 3)).rejects.toThrow(/1 to 2 can be kept, not 3/);
    await expect(groupMask(context, operand, 1, 3)).rejects.toThrow(RangeError);
    await expect(groupExtrema(context, operand, 0)).rejects.toThrow(RangeError);
    free(operand.buffer);
  });
});
