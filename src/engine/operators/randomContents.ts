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

/** Places that are drawn at once; many more are strips of as many, as no time depends on which they are. */
const STRIP = 1 << 16;

/** `count` of the places 0 … most − 1, rising, spread evenly. */
export function randomPlaces(random: Random, most: number, count: number): Int32Array<ArrayBuffer> {
  const places = new Int32Array(count);
  const drawn = new Map<string, Int32Array>();
  for (let first = 0, at = 0; first < most; first += STRIP) {
    const length = Math.min(STRIP, most - first);
    const own = Math.round((count * (first + length)) / most) - at;
    const key = `${own} of ${length}`;
    const strip = drawn.get(key) ?? drawnPlaces(random, length, own);
    drawn.set(key, strip);
    for (const place of strip) places[at++] = first + place;
  }
  return places;
}

/** Each set of places is as likely as any other (Knuth's selection sampling). */
function drawnPlaces(random: Random, most: number, count: number): Int32Array {
  const places = new Int32Array(count);
  for (let place = 0, found = 0; place < most; place++) {
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
  const drawn = Array.from({ length: DRAWN }, () => drawnPlaces(random, m, n));
  const groups = (rows * columns) / m;
  const places = new Int32Array(groups * n);
  for (let group = 0, at = 0; group < groups; group++) {
    for (const place of drawn[group % DRAWN]!) places[at++] = group * m + place;
  }
  return places;
}
