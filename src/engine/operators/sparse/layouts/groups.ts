import { DataType } from '../../../model/onnx/build';
import { counting } from '../../export/counting';
import { cast, cropped, reshaped } from '../../export/nodes';
import { type CodeBits, pack, unpack, writeUnpacked } from '../../packedCodes';
import { type Grid, type Layout, zerosOf } from './layout';

/**
 * N:M: the place of each kept weight in its group, in as many bits as a place takes. Groups that keep fewer than n are
 * filled with zeros.
 */
export const groups: Layout = {
  // Scatter.
  opset: 9,
  fits: ({ cell, group }) => cell === 1 && group !== undefined,
  plan(grid) {
    const entries = entriesOf(grid);
    const bytes = Math.ceil((entries * bitsOf(grid)) / 8);
    return { entries, arrays: [{ label: 'places', dims: [bytes], dataType: DataType.UINT8, bytes }] };
  },
  encode(positions, grid) {
    const { n, m } = grid.group!;
    const places = new Uint8Array(entriesOf(grid));
    let from = 0;
    for (let at = 0; at < places.length; ) {
      const first = (at / n) * m;
      let to = from;
      while (to < positions.length && positions[to]! < first + m) to++;
      let spare = n - (to - from);
      for (let place = 0; place < m; place++) {
        const kept = from < to && positions[from] === first + place;
        if (kept) from++;
        else if (spare-- <= 0) continue;
        places[at++] = place;
      }
    }
    return [pack(places, bitsOf(grid))];
  },
  decode([packed], grid, entries) {
    const { n, m } = grid.group!;
    const places = unpack(packed!, bitsOf(grid), entries);
    return Int32Array.from(places, (place, i) => Math.floor(i / n) * m + place);
  },
  dims: ({ rows, columns }) => [rows, columns],
  transposeBytes: (_, entries) => entries,
  rebuild(writer, [packed], values, grid, { entries, turned }) {
    const { n, m } = grid.group!;
    const { rows, columns } = grid;
    const bits = bitsOf(grid);
    const bytes = Math.ceil((entries * bits) / 8);
    const spare = (8 / bits) * bytes - entries;
    const [across, held] = [entries / rows, [rows, entries / rows]];
    let places = writeUnpacked(writer, packed!, bits, bytes, spare > 0 ? [entries + spare] : held, DataType.UINT8);
    if (spare > 0) places = reshaped(writer, cropped(writer, places, [0], [entries]), held);
    if (turned) places = writer.node('Transpose', [places], { perm: [1, 0] });
    // Whole rows, so that the result of the scatter has its shape at once. A place is counted from the first of its
    // group.
    const group = writer.node('Div', [counting(writer, across), writer.int64([n])]);
    const begin = cast(writer, writer.node('Mul', [group, writer.int64([m])]), DataType.INT32);
    const first = reshaped(writer, begin, turned ? [across, 1] : [1, across]);
    const zeros = writer.zeros(turned ? [columns, rows] : [rows, columns]);
    const to = writer.node('Add', [cast(writer, places, DataType.INT32), first]);
    const scatter = writer.opset < 11 ? 'Scatter' : 'ScatterElements';
    return writer.node(scatter, [zeros, to, values(held, turned)], { axis: turned ? 0 : 1 });
  },
  rebuildBytes(grid, entries) {
    const bits = bitsOf(grid);
    const unpacked = (8 * Math.ceil((entries * bits) / 8)) / bits;
    const sliced = unpacked > entries ? 2 * entries : 0;
    return (bits === 8 ? 1 : 3) * unpacked + sliced + 8 * entries + 4 * grid.rows * grid.columns;
  },
  sharedBytes: ({ rows, columns }) => zerosOf([rows, columns]),
};

const entriesOf = ({ rows, columns, group }: Grid): number => (rows * columns * group!.n) / group!.m;

const bitsOf = ({ group }: Grid): CodeBits => (group!.m <= 2 ? 1 : group!.m <= 4 ? 2 : group!.m <= 16 ? 4 : 8);
