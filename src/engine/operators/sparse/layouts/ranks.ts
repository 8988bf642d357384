import { DataType } from '../../../model/onnx/build';
import { cast } from '../../export/nodes';
import { cellDims, cellsOf, type Grid, type Layout, withZero } from './layout';
import { decodeWholes, encodeWholes, wholesBytes, wholesPlan, writeWholes } from './wholes';

/**
 * For each cell, the number of its value in its row, counted from 1, or 0 where nothing is kept. This takes a byte or
 * two for each cell. It is what opsets without CumSum and Scatter can express.
 */
export const ranks: Layout = {
  opset: 7,
  fits: () => true,
  plan({ rows, columns }, { kept, most }) {
    const starts = { label: 'starts', dims: [rows, 1], dataType: DataType.INT32, bytes: 4 * rows };
    return { entries: kept, arrays: [...wholesPlan('ranks', [rows, columns], most), starts] };
  },
  encode(positions, { rows, columns }, { most }) {
    const rank = new Int32Array(rows * columns);
    const starts = new Int32Array(rows);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      starts[row] = at;
      for (; at < positions.length && positions[at]! < (row + 1) * columns; at++) {
        rank[positions[at]!] = at + 1 - starts[row]!;
      }
    }
    return [...encodeWholes(rank, most), starts];
  },
  decode(arrays, grid, entries) {
    const positions = new Int32Array(entries);
    let at = 0;
    decodeWholes(arrays.slice(0, -1), cellsOf(grid)).forEach((rank, position) => {
      if (rank > 0) positions[at++] = position;
    });
    return positions;
  },
  dims: ({ rows, columns, cell }) => (cell === 1 ? [rows, columns] : [rows, columns, cell]),
  rebuild(writer, arrays, values, grid, { entries }) {
    const rank = writeWholes(writer, arrays.slice(0, -1));
    const kept = cast(writer, cast(writer, rank, DataType.BOOL), DataType.INT32);
    const index = writer.node('Mul', [writer.node('Add', [rank, arrays.at(-1)!]), kept]);
    return writer.node('Gather', [withZero(writer, values(cellDims(entries, grid)), grid), index], { axis: 0 });
  },
  rebuildBytes: (grid: Grid, entries) =>
    // Counted for rows that keep all cells.
    wholesBytes(cellsOf(grid), grid.columns) + 13 * cellsOf(grid) + 4 * grid.cell * (entries + 1 + cellsOf(grid)),
  sharedBytes: () => ({}),
};
