import { DataType } from '../../model/onnx/build';
import { cast } from '../nodes';
import { cellDims, cellsOf, type Layout } from './layout';

/** The widest gap that a byte can tell; wider ones are gone in several steps, each with a value of 0. */
export const STEP = 255;

/** One byte for each kept cell: how far it lies behind the one before. Summed up, they are the places to scatter to. */
export const deltas: Layout = {
  // CumSum and ScatterND.
  opset: 11,
  fits: () => true,
  plan(_, { kept, steps }) {
    const bytes = kept + steps;
    return { entries: bytes, arrays: [{ label: 'deltas', dims: [bytes, 1], dataType: DataType.UINT8, bytes }] };
  },
  encode(positions, _, { kept, steps }) {
    const gaps = new Uint8Array(kept + steps);
    let at = 0;
    let before = 0;
    for (const position of positions) {
      let gap = position - before;
      for (; gap > STEP; gap -= STEP) gaps[at++] = STEP;
      gaps[at++] = gap;
      before = position;
    }
    return [gaps];
  },
  decode([gaps]) {
    const positions = new Int32Array(gaps!.length);
    let position = 0;
    gaps!.forEach((gap, i) => {
      position += gap;
      positions[i] = position;
    });
    return positions;
  },
  rebuild(writer, [gaps], values, grid) {
    const dims = cellDims(cellsOf(grid), grid);
    const wide = cast(writer, gaps!, DataType.INT64);
    const places = writer.node('CumSum', [wide, cast(writer, writer.int64([0], []), DataType.INT32)]);
    return { name: writer.node('ScatterND', [writer.zeros(dims), places, values]), dims };
  },
  rebuildBytes: (grid, entries) => 16 * entries + 8 * cellsOf(grid) * grid.cell,
};
