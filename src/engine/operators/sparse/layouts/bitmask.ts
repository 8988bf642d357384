import { DataType } from '../../../model/onnx/build';
import { counting } from '../../export/counting';
import { cast, cropped, reshaped } from '../../export/nodes';
import type { NodeWriter } from '../../operator';
import { pack, unpack, writeUnpacked } from '../../packedCodes';
import { cellDims, cellsOf, type Grid, type Layout, type Rebuilding, withZero, zerosOf } from './layout';

/** One bit for each cell. */
export const bitmask: Layout = {
  // BitShift, Range, ScatterElements and CumSum.
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
  dims: (grid) => cellDims(cellsOf(grid), grid),
  transposeBytes: () => 0,
  rebuild(writer, [mask], values, grid, options) {
    const bits = (type: number) => {
      const cells = cellsOf(grid);
      const bytes = Math.ceil(cells / 8);
      const all = unpackedByTable(writer, mask!, 8 * bytes, type);
      return 8 * bytes > cells ? cropped(writer, all, [0], [cells]) : all;
    };
    const held = values(cellDims(options.entries, grid));
    return grid.cell === 1
      ? scattered(writer, bits(DataType.BOOL), held, grid, options)
      : gathered(writer, bits(DataType.INT32), held, grid);
  },
  rebuildBytes(grid, entries) {
    const cells = cellsOf(grid);
    const padded = 8 * Math.ceil(cells / 8);
    const wide = grid.cell === 1 ? 1 : 4;
    const unpacked = padded / 2 + 2 * wide * padded + (padded > cells ? wide * cells : 0);
    if (grid.cell === 1) return unpacked + 4 * entries + 4 * cells;
    return unpacked + 8 * cells + 4 * grid.cell * (entries + 1 + cells);
  },
  sharedBytes: (grid): Record<string, number> =>
    grid.cell > 1 ? {} : { ...zerosOf([cellsOf(grid)]), [`numbers ${grid.rows}×${grid.columns}`]: 4 * cellsOf(grid) },
};

/**
 * Single weights. Compress takes the numbers of the set bits from the numbers of all places; the values are scattered
 * to them. Their count is stated, because runtimes do not fold shapes that depend on data. The numbers also decide the
 * orientation.
 *
 * Where half of the weights are kept this takes 12.5 bytes a weight, and 8 that all weights of one size share. With
 * what is stored that makes 15 bytes a weight for 12 weights of one size, and 23 for a single one: zeros, numbers,
 * places, and the scattered and the shaped result have 4 bytes each. NonZero instead of Compress needs no numbers, but
 * returns int64: 14.5 and 4 bytes. A running count of the bits as an index into a Gather takes 27 bytes, none of them
 * shared.
 */
function scattered(
  writer: NodeWriter,
  bits: string,
  values: string,
  grid: Grid,
  { entries, turned }: Rebuilding,
): string {
  const { rows, columns } = grid;
  // Both are cast before they are added, while they have only as many numbers as the weight has rows or columns.
  const along = (dims: readonly number[], step: number) => {
    const numbers = reshaped(writer, counting(writer, Math.max(...dims)), dims);
    const far = step === 1 ? numbers : writer.node('Mul', [numbers, writer.int64([step])]);
    return cast(writer, far, DataType.INT32);
  };
  const [row, column] = turned ? [1, rows] : [columns, 1];
  const numbers = writer.node('Add', [along([rows, 1], row), along([1, columns], column)]);
  const places = writer.node('Compress', [numbers, bits]);
  writer.shaped(places, DataType.INT32, [entries]);
  return writer.node('ScatterElements', [writer.zeros([cellsOf(grid)]), places, values], { axis: 0 });
}

/**
 * Whole blocks. A running count of the bits is the number of each kept block. Times the bit it is 0 for all other
 * blocks, which are zeros.
 */
function gathered(writer: NodeWriter, bits: string, values: string, grid: Grid): string {
  const counts = writer.node('CumSum', [bits, cast(writer, writer.int64([0], []), DataType.INT32)]);
  const index = writer.node('Mul', [counts, bits]);
  return writer.node('Gather', [withZero(writer, values, grid), index], { axis: 0 });
}

/** The bits of `mask`, the lowest of each byte first, looked up in a table of the bits of all 256 bytes. */
function unpackedByTable(writer: NodeWriter, mask: string, count: number, type: number): string {
  const bytes = cast(writer, counting(writer, 256), DataType.UINT8);
  const table = writeUnpacked(writer, bytes, 1, 256, [256, 8], type);
  return reshaped(writer, writer.node('Gather', [table, cast(writer, mask, DataType.INT32)]), [count]);
}
