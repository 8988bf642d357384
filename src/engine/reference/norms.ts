/** Twin of norms.wgsl: the squared length of each row. */
export function norms(matrix: ArrayLike<number>, rows: number, columns: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < columns; k++) result[i] += matrix[i * columns + k] ** 2;
  }
  return result;
}
