/** Twin of gather.wgsl: row i of the result is row order[i] of the matrix. */
export function gather(
  matrix: ArrayLike<number>,
  columns: number,
  order: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array(order.length * columns);
  for (let i = 0; i < order.length; i++) {
    for (let k = 0; k < columns; k++) result[i * columns + k] = matrix[order[i] * columns + k];
  }
  return result;
}
