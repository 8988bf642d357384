import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { seeded } from './random';
import { bySubtle, inJavaScript, sha256 } from './sha256';

it('is SHA-256 by whichever way, of bytes in pieces of any length', async () => {
  const random = seeded(5);
  for (const lengths of [[], [0], [3], [64, 55, 1, 0, 9], [1 << 12, 7, 1 << 16]]) {
    const pieces = lengths.map((length) => Uint8Array.from({ length }, () => random.below(256)));
    const size = lengths.reduce((sum, length) => sum + length, 0);
    const expected = createHash('sha256').update(Buffer.concat(pieces)).digest('hex');
    for (const hash of [sha256(size), bySubtle(size), inJavaScript()]) {
      for (const piece of pieces) hash.update(piece);
      expect(await hash.hex()).toBe(expected);
    }
  }
});
