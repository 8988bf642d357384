import { expect, it } from 'vitest';
import { decodeQuantized } from './codes';

it('reads low nibbles first, and zero points of a row padded to a byte', () => {
  const codes = new Uint8Array(16);
  codes.set([0x21, 0x43], 0);
  codes.set([0x0f], 8);
  const scales = Float32Array.of(2, 1);
  const weight = { rows: 2, columns: 4, bits: 4, blockSize: 16, codes, scales } as const;
  expect([...decodeQuantized(weight)]).toEqual([-14, -12, -10, -8, 7, -8, -8, -8]);
  expect([...decodeQuantized({ ...weight, zeroPoints: Uint8Array.of(0xf1, 0xf0) })]).toEqual([0, 2, 4, 6, 15, 0, 0, 0]);
});
