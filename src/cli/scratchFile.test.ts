import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobs, keepOffHeapIn } from '../engine/model/offHeap';
import { DataType } from '../engine/model/onnx/build';
import { stored } from '../engine/operators/stored';
import { scratchFile } from './scratchFile';

describe('scratchFile', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'scratch-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives back what was put, whole and in parts, whatever became of the original', async () => {
    const file = scratchFile(folder);
    const bytes = [3, 100_000, 1, 70_001].map((length, i) => Uint8Array.from({ length }, (_, at) => at * 7 + i));
    const copies = bytes.map((each) => each.slice());
    const kept = bytes.map((each) => file.put(each));
    for (const each of bytes) each.fill(0);
    for (const [i, each] of kept.entries()) {
      expect(each.size).toBe(copies[i]!.length);
      expect(await each.read(0, each.size)).toEqual(copies[i]);
    }
    expect(await kept[1]!.read(99_000, 1000)).toEqual(copies[1]!.slice(99_000));
    await expect(kept[0]!.read(1, 3)).rejects.toThrow(RangeError);
    file.close();
  });

  it.skipIf(process.platform === 'win32')('has no name that a killed process could leave behind', () => {
    const file = scratchFile(folder);
    file.put(new Uint8Array(100));
    expect(readdirSync(folder)).toEqual([]);
    file.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('holds in memory what the file does not take', async () => {
    const file = scratchFile(folder);
    const before = file.put(Uint8Array.of(1, 2, 3));
    // No file can be written once it is closed.
    file.close();
    expect(await file.put(Uint8Array.of(4, 5)).read(0, 2)).toEqual(Uint8Array.of(4, 5));
    await expect(before.read(0, 3)).rejects.toThrow();
  });

  it('takes the large arrays of weights, and none of the small ones', async () => {
    const file = scratchFile(folder);
    const sizes: number[] = [];
    keepOffHeapIn({
      put(bytes) {
        sizes.push(bytes.length);
        return file.put(bytes);
      },
    });
    try {
      // A part of a buffer, at an offset.
      const values = Float32Array.from({ length: 50_000 }, (_, i) => i).subarray(20_000);
      const large = stored('values', [values.length], DataType.FLOAT, values);
      const small = stored('values', [3], DataType.FLOAT, Float32Array.of(1, 2, 3));
      expect(sizes).toEqual([4 * values.length]);
      expect(new Float32Array((await large.read()).buffer)).toEqual(values.slice());
      expect(new Float32Array((await small.read()).buffer)).toEqual(Float32Array.of(1, 2, 3));
    } finally {
      keepOffHeapIn(blobs);
      file.close();
    }
  });
});
