import { DataType } from '../../../model/onnx/build';
import { cast, reshaped } from '../../export/nodes';
import type { NodeWriter } from '../../operator';
import { cellDims, cellsOf, type Grid, type Layout, zerosOf } from './layout';

/** The widest gap that a byte can hold. Wider gaps take several steps, each with a value of 0. */
export const STEP = 255;

/** One byte for each kept cell: its distance from the one before. Their running sum gives the places to scatter to. */
export const deltas: Layout = {
  // CumSum and ScatterND.
  opset: 11,
  fits: () => true,
  plan(_, { kept, steps }) {
    const bytes = kept + steps;
    return { entries: bytes, arrays: [{ label: 'deltas', dims: [bytes], dataType: DataType.UINT8, bytes }] };
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
  dims: (grid) => cellDims(cellsOf(grid), grid),
  transposeBytes: (_, entries) => 16 * entries,
  rebuild(writer, [gaps], values, grid, { entries, turned }) {
    const zeros = writer.zeros(this.dims(grid));
    const held = values(cellDims(entries, grid));
    const axis = cast(writer, writer.int64([0], []), DataType.INT32);
    if (grid.cell === 1) {
      const places = writer.node('CumSum', [cast(writer, gaps!, DataType.INT32), axis]);
      const to = turned ? turnedPlaces(writer, places, grid) : places;
      return writer.node('ScatterElements', [zeros, to, held], { axis: 0 });
    }
    // Whole blocks are placed by ScatterND, which takes int64.
    const places = writer.node('CumSum', [cast(writer, gaps!, DataType.INT64), axis]);
    return writer.node('ScatterND', [zeros, reshaped(writer, places, [entries, 1]), held]);
  },
  rebuildBytes: (grid, entries) => (grid.cell === 1 ? 8 : 24) * entries + 4 * cellsOf(grid) * grid.cell,
  sharedBytes: (grid) => zerosOf(cellDims(cellsOf(grid), grid)),
};

/** The places of a matrix in its transpose. */
function turnedPlaces(writer: NodeWriter, places: string, { rows, columns }: Grid): string {
  const whole = (value: number) => cast(writer, writer.int64([value]), DataType.INT32);
  const row = writer.node('Div', [places, whole(columns)]);
  const column = writer.node('Mod', [places, whole(columns)]);
  return writer.node('Add', [writer.node('Mul', [column, whole(rows)]), row]);
}
