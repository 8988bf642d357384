import { crc32 as zlibCrc32 } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../core/errors';
import { seeded } from '../../core/random';
import { crc32 } from './crc32';
import { readZip } from './zip';

const SIGNED = { listed: [0x50, 0x4b, 1, 2], end: [0x50, 0x4b, 5, 6] };

/** Where the directory's nth entry is; the archives here have no other bytes that look like one. */
function listedAt(zip: Uint8Array, nth: number): number {
  const found = [...zip.keys()].filter((at) => SIGNED.listed.every((byte, i) => zip[at + i] === byte));
  return found[nth]!;
}

function changed(zip: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  const copy = zip.slice();
  copy.set(bytes, at);
  return copy;
}

const u32 = (value: number): number[] => [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 255);
const u64 = (value: number): number[] => [...u32(value), ...u32(Math.floor(value / 2 ** 32))];

const text = (words: string) => new TextEncoder().encode(words);
const stored = zipSync({ 'a.npy': text('first content'), 'b.npy': text('second, which is longer') }, { level: 0 });
const packed = zipSync(
  { 'a.npy': new Uint8Array(100_000).map((_, i) => i % 7), 'b.npy': text('second') },
  { level: 6 },
);

describe('crc32', () => {
  it('is the one of zlib', () => {
    // The check value of the standard.
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    const random = seeded(5);
    const bytes = new Uint8Array(1000).map(() => random.below(256));
    expect(crc32(bytes)).toBe(zlibCrc32(bytes));
  });
});

describe('zip', () => {
  it('gives the files back, stored and deflated', () => {
    for (const [zip, first] of [
      [stored, text('first content')],
      [packed, new Uint8Array(100_000).map((_, i) => i % 7)],
    ] as const) {
      expect([...readZip(zip, 'd.npz').keys()]).toEqual(['a.npy', 'b.npy']);
      expect(readZip(zip, 'd.npz').get('a.npy')).toEqual(first);
    }
  });

  it('leaves folders out and finds the directory before a comment', () => {
    const zip = zipSync({ folder: { 'x.npy': text('x') }, 'empty/': new Uint8Array(0) });
    const commented = changed(Uint8Array.of(...zip, ...text('made by hand')), zip.length - 2, [12, 0]);
    expect([...readZip(commented, 'd.npz').keys()]).toEqual(['folder/x.npy']);
  });

  it('reads names of every kind, also those that objects have anyway', () => {
    const names = ['__proto__', 'constructor', 'toString', 'größe', '重み'];
    const entries = new Map(names.map((name) => [`${name}.npy`, text(name)]));
    const zip = zipSync(Object.fromEntries(entries));
    expect(readZip(zip, 'd.npz')).toEqual(entries);
  });

  it('reads an archive with numbers of 64 bits', () => {
    const at = listedAt(stored, 1);
    const directory = stored.slice(listedAt(stored, 0), stored.length - 22);
    const second = at - listedAt(stored, 0);
    const ones = [255, 255, 255, 255];
    const size = [...stored.subarray(at + 24, at + 28), 0, 0, 0, 0];
    const offset = [...stored.subarray(at + 42, at + 46), 0, 0, 0, 0];
    // Sizes and offset of the second entry move to an extra field: uncompressed, compressed, offset.
    directory.set([...ones, ...ones], second + 20);
    directory.set(ones, second + 42);
    directory.set([28, 0], second + 30);
    const extra = [1, 0, 24, 0, ...size, ...size, ...offset];
    const start = listedAt(stored, 0);
    const end = start + directory.length + extra.length;
    const zip = Uint8Array.of(
      ...stored.subarray(0, start),
      ...directory,
      ...extra,
      ...[0x50, 0x4b, 6, 6, ...u64(44), 45, 0, 45, 0, ...u32(0), ...u32(0), ...u64(2), ...u64(2)],
      ...[...u64(end - start), ...u64(start)],
      ...[0x50, 0x4b, 6, 7, ...u32(0), ...u64(end), ...u32(1)],
      ...SIGNED.end,
      ...[0, 0, 0, 0, 255, 255, 255, 255, ...ones, ...ones, 0, 0],
    );
    expect(readZip(zip, 'd.npz').get('b.npy')).toEqual(text('second, which is longer'));
  });

  const a = listedAt(stored, 0);
  const b = listedAt(stored, 1);
  const packedA = listedAt(packed, 0);
  const cases: [what: string, zip: Uint8Array, message: RegExp][] = [
    ['a stored byte that changed', changed(stored, 40, [0]), /^"a\.npy" in d\.npz is damaged: .*\(CRC-32\)/],
    ['a packed byte that changed', changed(packed, 60, [packed[60]! ^ 1]), /^"a\.npy" in d\.npz is damaged/],
    ['one name twice', changed(stored, b + 46, [0x61]), /^d\.npz holds "a\.npy" twice/],
    ['more than was announced', changed(packed, packedA + 24, u32(1000)), /^"a\.npy" in d\.npz is damaged/],
    ['less than was announced', changed(packed, packedA + 24, u32(100_001)), /^"a\.npy" in d\.npz is damaged/],
    ['a size that no packing makes', changed(packed, packedA + 24, u32(2 ** 31)), /^"a\.npy" in d\.npz is damaged/],
    ['more than 4 GiB', changed(packed, packedA + 24, u32(2 ** 32 - 2)), /^d\.npz unpacks to 4\.3 GB, more than/],
    ['entries of the same bytes', changed(stored, b + 42, u32(0)), /^d\.npz is cut short or damaged/],
    ['an encrypted entry', changed(stored, a + 8, [1]), /^"a\.npy" in d\.npz is encrypted/],
    ['another packing', changed(stored, a + 10, [12]), /^"a\.npy" in d\.npz is packed in a way .*\(method 12\)/],
    ['an entry beyond the end', changed(stored, a + 20, u32(5000)), /^d\.npz is cut short or damaged/],
    ['an offset beyond the end', changed(stored, a + 42, u32(2 ** 31)), /^d\.npz is cut short or damaged/],
    ['more entries than there are', changed(stored, stored.length - 12, [9]), /^d\.npz is cut short or damaged/],
  ];
  it.each(cases)('refuses %s in one sentence', (_, zip, message) => {
    expect(() => readZip(zip, 'd.npz')).toThrow(UserError);
    expect(() => readZip(zip, 'd.npz')).toThrow(message);
  });

  it('refuses an archive that ends early, wherever that is', () => {
    for (let length = 0; length < stored.length; length++)
      expect(() => readZip(stored.subarray(0, length), 'd.npz'), `cut at ${length}`).toThrow(UserError);
  });
});
