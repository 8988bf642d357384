import type { SparseForm } from '../../weightForm';

/** Twin of sparseRow.wgsl and sparseTokens.wgsl: the matrix that the entries make up. */
export function sparse({ rows, columns, starts, columnOf, values }: SparseForm): Float64Array {
  const weights = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) weights[i * columns + columnOf[e]!]! += values[e]!;
  }
  return weights;
}
