import { hashed, signOf } from '../../backend/hash';
import type { Hash, HashedArrays } from '../../backend/weights';

/**
 * The hash that assigns slots to weights. A run's place among the slots is h(run) mod slots. A sign is the highest bit
 * of h(column), and of h(columns + row). With an even a and an odd b, h is a permutation of the 32-bit numbers (Rivest
 * 2001), so different keys have different hashes before they are reduced. The quadratic term keeps the signs of
 * neighbours from being periodic. h is a polynomial because a few int64 nodes of any opset compute it exactly. A mixer
 * of xors and shifts would need opset 18.
 */
export function hashOf(seed: number): Hash {
  const drawn = (salt: number) => mix(mix(seed) ^ salt);
  return { a: (drawn(0x2545f491) & ~1) >>> 0, b: (drawn(0x9e3779b9) | 1) >>> 0, c: drawn(0x4f6cdd1d) };
}

/** The finaliser of murmur3: every bit of the seed reaches every bit of a coefficient. */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The slot and the sign of each weight, for `count` slots. */
export function sharing(
  { rows, columns, run, seed }: Pick<HashedArrays, 'rows' | 'columns' | 'run'> & { readonly seed: number },
  count: number,
) {
  const hash = hashOf(seed);
  const runs = Math.ceil((rows * columns) / run);
  const places = Uint32Array.from({ length: runs }, (_, i) => hashed(hash, i) % count);
  const columnSigns = Int8Array.from({ length: columns }, (_, column) => signOf(hash, column));
  const rowSigns = Int8Array.from({ length: rows }, (_, row) => signOf(hash, columns + row));
  return {
    /** The slot of the weight at row·columns + column. */
    slotOf: (at: number): number => (places[Math.floor(at / run)]! + (at % run)) % count,
    signOf: (row: number, column: number): number => rowSigns[row]! * columnSigns[column]!,
  };
}
