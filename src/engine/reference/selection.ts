import { bitsOfFloat, DIGITS, type Digit } from '../backend/selection';

/**
 * Twins of the kernels in shaders/select. Masks hold one bit per value, the lowest first, each row in whole 32-bit words.
 * Equal magnitudes are kept in the order of their places.
 */
const magnitude = (value: number): number => bitsOfFloat(Math.abs(value));

/** Twin of digits.wgsl: how many magnitudes of values[first … last) that begin with `prefix` have each digit at `shift`. */
export function digits(
  values: ArrayLike<number>,
  first: number,
  last: number,
  { prefix, prefixMask, shift }: Digit,
): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(DIGITS);
  for (let i = first; i < last; i++) {
    const key = magnitude(values[i]!);
    if ((key & prefixMask) === prefix) counts[Math.floor(key / 2 ** shift) % DIGITS]!++;
  }
  return counts;
}

/** Twin of ties.wgsl: how many magnitudes of each row of `columns`, the last one shorter, have these bits. */
export function ties(values: ArrayLike<number>, columns: number, threshold: number): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(Math.ceil(values.length / columns));
  for (let i = 0; i < values.length; i++) {
    if (magnitude(values[i]!) === threshold) counts[Math.floor(i / columns)]!++;
  }
  return counts;
}

/** Twin of rowThresholds.wgsl, by sorting: (t, e) for each row, or (0xffffffff, 0) where nothing is kept. */
export function rowThresholds(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  keep: number,
): Uint32Array<ArrayBuffer> {
  const found = new Uint32Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    const keys = Array.from({ length: columns }, (_, column) => magnitude(values[row * columns + column]!));
    const kept = keys.sort((one, other) => other - one).slice(0, keep);
    const threshold = kept.at(-1) ?? 0xffffffff;
    found.set([threshold, kept.filter((key) => key === threshold).length], 2 * row);
  }
  return found;
}

/** Twin of mask.wgsl: what is above its row's t, and the first e that are t. Rows of `columns`, the last one shorter. */
export function mask(
  values: ArrayLike<number>,
  columns: number,
  thresholds: ArrayLike<number>,
): Uint32Array<ArrayBuffer> {
  const rows = Math.ceil(values.length / columns);
  const words = Math.ceil(columns / 32);
  const found = new Uint32Array(rows * words);
  for (let row = 0; row < rows; row++) {
    const threshold = thresholds[2 * row]!;
    let left = thresholds[2 * row + 1]!;
    for (let column = 0; column < columns && row * columns + column < values.length; column++) {
      const key = magnitude(values[row * columns + column]!);
      if (key > threshold || (key === threshold && left-- > 0))
        found[row * words + (column >>> 5)]! |= 1 << (column & 31);
    }
  }
  return found;
}

/** What `rowThresholds` and `mask` make together, by sorting: the `keep` largest magnitudes of each row. */
export function largestMask(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  keep: number,
): Uint32Array<ArrayBuffer> {
  return groupMask(values, rows, columns, keep, columns);
}

/** Twin of groupMask.wgsl: the `keep` largest magnitudes of every `size` consecutive values of a row. */
export function groupMask(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  keep: number,
  size: number,
): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(rows * Math.ceil(columns / 32));
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first += size) {
      keepLargest(values, row, columns, first, Math.min(first + size, columns), keep, mask);
    }
  }
  return mask;
}

function keepLargest(
  values: ArrayLike<number>,
  row: number,
  columns: number,
  first: number,
  last: number,
  keep: number,
  mask: Uint32Array,
): void {
  const places = Array.from({ length: last - first }, (_, i) => first + i);
  const size = (column: number) => Math.abs(values[row * columns + column]!);
  places.sort((one, other) => size(other) - size(one) || one - other);
  for (const column of places.slice(0, keep)) {
    mask[row * Math.ceil(columns / 32) + (column >>> 5)]! |= 1 << (column & 31);
  }
}
