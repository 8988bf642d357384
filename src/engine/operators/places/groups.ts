import { DataType } from '../../model/onnx/build';
import { cropped, reshaped } from '../nodes';
import { type CodeBits, pack, unpack, unpackedBytes, writeUnpacked } from '../packedCodes';
import type { Grid, Layout } from './layout';

/** N:M: the place of each kept weight within its group, in as many bits as a place takes; fewer than n are filled up with zeros. */
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
  rebuild(writer, [packed], values, grid, entries) {
    const { n, m } = grid.group!;
    const bits = bitsOf(grid);
    const bytes = Math.ceil((entries * bits) / 8);
    const [count, spare] = [entries / n, (8 / bits) * bytes - entries];
    let places: string;
    if (spare === 0) places = writeUnpacked(writer, packed!, bits, bytes, [count, n], DataType.INT32);
    else {
      const all = writeUnpacked(writer, packed!, bits, bytes, [entries + spare], DataType.INT32);
      places = reshaped(writer, cropped(writer, all, [0], [entries]), [count, n]);
    }
    const shaped = reshaped(writer, values, [count, n]);
    const dims = [count, m];
    const scatter = writer.opset < 11 ? 'Scatter' : 'ScatterElements';
    return { name: writer.node(scatter, [writer.zeros(dims), places, shaped], { axis: 1 }), dims };
  },
  rebuildBytes(grid, entries) {
    const bits = bitsOf(grid);
    const unpacked = (8 * Math.ceil((entries * bits) / 8)) / bits;
    const sliced = unpacked > entries ? 8 * entries : 0;
    return unpackedBytes(unpacked, bits) + sliced + 4 * entries + 8 * grid.rows * grid.columns;
  },
};

const entriesOf = ({ rows, columns, group }: Grid): number => (rows * columns * group!.n) / group!.m;

const bitsOf = ({ group }: Grid): CodeBits => (group!.m <= 2 ? 1 : group!.m <= 4 ? 2 : group!.m <= 16 ? 4 : 8);
