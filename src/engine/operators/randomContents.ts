import type { Random } from '../core/random';

/** Numbers that are drawn; longer contents repeat them, as no time depends on them. */
const DRAWN = 4096;

/** Values of a plan's weight: only how many there are decides on the time of a product. */
export function randomValues(random: Random, count: number): Float32Array<ArrayBuffer> {
  const drawn = Float32Array.from({ length: Math.min(DRAWN, count) }, () => random.normal());
  return repeated(drawn, new Float32Array(count));
}

export function randomBytes(random: Random, count: number): Uint8Array<ArrayBuffer> {
  const drawn = Uint8Array.from({ length: Math.min(DRAWN, count) }, () => random.below(256));
  return repeated(drawn, new Uint8Array(count));
}

function repeated<T extends Float32Array | Uint8Array>(drawn: T, into: T): T {
  for (let at = 0; at < into.length; at += drawn.length) {
    into.set(drawn.subarray(0, Math.min(drawn.length, into.length - at)), at);
  }
  return into;
}

/** `count` of the places 0 … most − 1, rising, each set of them as likely as any other (Knuth's selection sampling). */
export function randomPlaces(random: Random, most: number, count: number): Int32Array<ArrayBuffer> {
  const places = new Int32Array(count);
  for (let place = 0, found = 0; found < count; place++) {
    if (random.uniform() * (most - place) < count - found) places[found++] = place;
  }
  return places;
}

/** n of every m neighbours, for cells of which m divides the columns. */
export function randomInGroups(
  random: Random,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  { n, m }: { readonly n: number; readonly m: number },
): Int32Array<ArrayBuffer> {
  const places = new Int32Array((rows * columns * n) / m);
  for (let first = 0, at = 0; first < rows * columns; first += m, at += n) {
    for (const [i, place] of randomPlaces(random, m, n).entries()) places[at + i] = first + place;
  }
  return places;
}
