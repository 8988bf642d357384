import { DataType } from '../../model/onnx/build';
import { cast, cropped } from '../nodes';
import { pack, unpack, unpackedBytes, writeUnpacked } from '../packedCodes';
import { cellDims, cellsOf, type Layout, withZero } from './layout';

/**
 * One bit a cell. A running count of the bits tells each kept cell which value it has; times the bit, the others get the
 * zero in front of the values.
 */
export const bitmask: Layout = {
  // CumSum and BitShift.
  opset: 11,
  fits: () => true,
  plan(grid, { kept }) {
    const bytes = Math.ceil(cellsOf(grid) / 8);
    return { entries: kept, arrays: [{ label: 'mask', dims: [bytes], dataType: DataType.UINT8, bytes }] };
  },
  encode(positions, grid) {
    const bits = new Uint8Array(cellsOf(grid));
    for (const position of positions) bits[position] = 1;
    return [pack(bits, 1)];
  },
  decode([mask], grid, entries) {
    const positions = new Int32Array(entries);
    let at = 0;
    unpack(mask!, 1, cellsOf(grid)).forEach((bit, position) => {
      if (bit) positions[at++] = position;
    });
    return positions;
  },
  rebuild(writer, [mask], values, grid) {
    const cells = cellsOf(grid);
    const bytes = Math.ceil(cells / 8);
    let bits = writeUnpacked(writer, mask!, 1, bytes, [8 * bytes], DataType.INT32);
    if (8 * bytes > cells) bits = cropped(writer, bits, [0], [cells]);
    const counts = writer.node('CumSum', [bits, cast(writer, writer.int64([0], []), DataType.INT32)]);
    const index = writer.node('Mul', [counts, bits]);
    const name = writer.node('Gather', [withZero(writer, values, grid), index], { axis: 0 });
    return { name, dims: cellDims(cells, grid) };
  },
  rebuildBytes(grid, entries) {
    const cells = cellsOf(grid);
    const padded = 8 * Math.ceil(cells / 8);
    const sliced = padded > cells ? 4 * cells : 0;
    return unpackedBytes(padded, 1) + sliced + 8 * cells + 4 * grid.cell * (entries + 1 + cells);
  },
};
