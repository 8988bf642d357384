/** A tile of this size fits into the first-level cache by rows and by columns. */
const TILE = 32;

/** `[rows, columns]` to `[columns, rows]`. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left < columns; left += TILE) {
      const bottom = Math.min(rows, top + TILE);
      const right = Math.min(columns, left + TILE);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) result[j * rows + i] = values[i * columns + j];
      }
    }
  }
  return result;
}

/** `[a, b, c]` to `[b, a, c]`. */
export function swapLeading(values: Float32Array, a: number, b: number, c: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      const from = (i * b + j) * c;
      result.set(values.subarray(from, from + c), (j * a + i) * c);
    }
  }
  return result;
}
