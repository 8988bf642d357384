import type { BlockSparseForm } from '../../weightForm';

/** Twin of blockSparseRow.wgsl and blockSparseTokens.wgsl: the matrix that the blocks make up. */
export function blockSparse(form: BlockSparseForm): Float64Array {
  const { rows, columns, height, width, starts, columnOf, values } = form;
  const weights = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const blockRow = Math.floor(i / height);
    for (let e = starts[blockRow]!; e < starts[blockRow + 1]!; e++) {
      for (let x = 0; x < width; x++) {
        const column = columnOf[e]! * width + x;
        if (column < columns) weights[i * columns + column]! += values[(e * height + (i % height)) * width + x]!;
      }
    }
  }
  return weights;
}
