import { describe, expect, it } from 'vitest';
import { FUZZERS, type FuzzKind, fuzz } from './fuzz.fixtures';

/** Rounds of each kind, in some ten seconds; `npm run fuzz` goes on for as long as it is told, and catches what hangs. */
const ROUNDS: Readonly<Record<FuzzKind, number>> = { model: 300, external: 100, npz: 3000, recipe: 300 };

describe('broken and hostile files', () => {
  it.each(Object.keys(FUZZERS) as FuzzKind[])(
    '%s: each is accepted or refused in one sentence',
    async (kind) => {
      let accepted = 0;
      for (let seed = 0; seed < ROUNDS[kind]; seed++) if ((await fuzz(kind, seed)) === 'accepted') accepted++;
      // Where all were refused, nothing behind opening would have been tried; where none was, nothing broken.
      expect(accepted).toBeGreaterThan(0);
      expect(accepted).toBeLessThan(ROUNDS[kind]);
    },
    300_000,
  );
});
