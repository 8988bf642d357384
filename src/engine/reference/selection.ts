/**
 * Twins of the kernels in shaders/select, by sorting. Masks hold one bit per value, the lowest first, each row in whole
 * 32-bit words. Equal magnitudes are kept in the order of their places.
 */
export function largestMask(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  keep: number,
): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(rows * Math.ceil(columns / 32));
  for (let row = 0; row < rows; row++) keepLargest(values, row, columns, 0, columns, keep, mask);
  return mask;
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

/** Twin of extrema.wgsl: [least, largest] of every `size` consecutive values of a row; −0 is less than +0. */
export function extrema(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  size: number,
): Float64Array<ArrayBuffer> {
  const found: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first += size) {
      let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let column = first; column < Math.min(first + size, columns); column++) {
        // Math.min and Math.max tell the zeros apart.
        least = Math.min(least, values[row * columns + column]!);
        largest = Math.max(largest, values[row * columns + column]!);
      }
      found.push(least, largest);
    }
  }
  return Float64Array.from(found);
}
