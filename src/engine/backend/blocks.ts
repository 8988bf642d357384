import type { BlockArrays, SparseArrays } from './weights';

/** Blocks as compressed rows of single weights, with the zeros inside blocks. */
export function rowsOfBlocks({ rows, columns, height, width, starts, columnOf, values }: BlockArrays): SparseArrays {
  const [ownStarts, ownColumns, ownValues] = [new Uint32Array(rows + 1), [] as number[], [] as number[]];
  for (let i = 0; i < rows; i++) {
    const blockRow = Math.floor(i / height);
    for (let e = starts[blockRow]!; e < starts[blockRow + 1]!; e++) {
      for (let x = 0; x < width; x++) {
        const column = columnOf[e]! * width + x;
        if (column >= columns) continue;
        ownColumns.push(column);
        ownValues.push(values[(e * height + (i % height)) * width + x]!);
      }
    }
    ownStarts[i + 1] = ownColumns.length;
  }
  const [columnsOf, weights] = [Uint32Array.from(ownColumns), Float32Array.from(ownValues)];
  return { rows, columns, starts: ownStarts, columnOf: columnsOf, values: weights };
}
