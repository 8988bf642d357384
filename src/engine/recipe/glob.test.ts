import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import { fitsPattern } from './glob';

/** By the definition: a star takes nothing, or one character and goes on. */
function naive(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] === '*') return naive(pattern.slice(1), name) || (name !== '' && naive(pattern, name.slice(1)));
  return name[0] === pattern[0] && naive(pattern.slice(1), name.slice(1));
}

describe('a pattern', () => {
  it('fits what the definition says, on random strings', () => {
    const random = seeded(11);
    const text = (letters: string, most: number) =>
      Array.from({ length: random.below(most + 1) }, () => letters[random.below(letters.length)]).join('');
    const counts = { fits: 0, not: 0 };
    for (let i = 0; i < 20_000; i++) {
      const [pattern, name] = [text('ab**', 7), text('ab*', 9)];
      const expected = naive(pattern, name);
      expect(fitsPattern(pattern, name), `${pattern} on ${name}`).toBe(expected);
      counts[expected ? 'fits' : 'not']++;
    }
    // Both answers were put to the test.
    expect(Math.min(counts.fits, counts.not)).toBeGreaterThan(1000);
  });

  it('takes characters that mean something elsewhere as they are, line ends too', () => {
    expect(fitsPattern('/layer.0/*', '/layer.0/MatMul')).toBe(true);
    expect(fitsPattern('/layer.0/*', '/layerX0/MatMul')).toBe(false);
    expect(fitsPattern('a[1](x)?$', 'a[1](x)?$')).toBe(true);
    expect(fitsPattern('a*z', 'a\n\\z')).toBe(true);
  });

  it('with many stars is decided in few steps', () => {
    // With a regular expression or the naive way, this does not end: there are some 20,000^20 ways to place the stars.
    const name = 'a'.repeat(20_000);
    expect(fitsPattern(`${'*a'.repeat(20)}*b`, name)).toBe(false);
    expect(fitsPattern(`${'*a'.repeat(20)}*`, name)).toBe(true);
  });
});
