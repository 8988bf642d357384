/** Twin of identity.wgsl: [rows, columns] with ones on the diagonal, rows ≥ columns. */
export function identity(rows: number, columns: number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < columns; i++) result[i * columns + i] = 1;
  return result;
}
