import { expect, it } from 'vitest';
import { seeded } from '../core/random';
import { type CodeBits, pack, unpack } from './packedCodes';

it('packs codes, and unpacks them, at any length', () => {
  const random = seeded(21);
  for (const bits of [1, 2, 4, 8] as CodeBits[]) {
    for (let length = 0; length < 40; length++) {
      const codes = Uint8Array.from({ length }, () => random.below(2 ** bits));
      const bytes = pack(codes, bits);
      expect(bytes.length).toBe(Math.ceil((length * bits) / 8));
      expect(unpack(bytes, bits, length)).toEqual(codes);
    }
  }
  expect([...pack(Uint8Array.of(1, 2, 3), 4)]).toEqual([0x21, 0x03]);
});
