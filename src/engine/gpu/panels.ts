import type { Matrix } from '../backend/backend';
import { UserError } from '../core/errors';
import type { Buffers } from './buffers';
import type { Product } from './matmul';

/** A matrix on the GPU: all rows in one buffer, or in panels of rows where it is larger than an adapter can bind. */
export interface GpuMatrix extends Matrix {
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly buffer: GPUBuffer;
  readonly firstRow: number;
  readonly rows: number;
}

// Panels begin at multiples of this many rows: whatever the columns, a sub-matrix that begins at a multiple of it in both
// directions lies at a multiple of 256 bytes, where every adapter can bind it.
const STEP = 64;
// The most that a typed array holds in every browser. Larger matrices could not be read back.
const MOST_ELEMENTS = 2 ** 31 - 1;

/** The rows of each panel of a [rows, columns] matrix, none larger than `bytes` where `STEP` rows are not. */
export function panelRows(rows: number, columns: number, bytes: number): number[] {
  const fitting = Math.floor(bytes / 4 / Math.max(1, columns));
  if (rows <= fitting) return [rows];
  const each = Math.max(STEP, fitting - (fitting % STEP));
  return Array.from({ length: Math.ceil(rows / each) }, (_, i) => Math.min(each, rows - i * each));
}

/** A zeroed matrix in panels of at most `bytes`. Throws a UserError where the adapter can't hold it. */
export function createPanels(buffers: Buffers, rows: number, columns: number, bytes: number, what: string): GpuMatrix {
  if (rows * columns > MOST_ELEMENTS) {
    const size = Math.ceil((rows * columns) / 2 ** 18);
    throw new UserError(`${what} takes ${size} MiB, but one matrix may take 8192 MiB: leave its layer out.`);
  }
  const panels: Panel[] = [];
  try {
    let firstRow = 0;
    for (const count of panelRows(rows, columns, bytes)) {
      panels.push({ buffer: buffers.create(count * columns, what), firstRow, rows: count });
      firstRow += count;
    }
  } catch (error) {
    buffers.free(...panels.map(({ buffer }) => buffer));
    throw error;
  }
  return { rows, columns, panels };
}

/**
 * c = op(a)·op(b) as products of panels. The result's rows are cut where panels of c begin, and of a unless it is
 * transposed. The depth is cut where panels of a begin if it is transposed, and of b unless it is. The columns are cut
 * where panels of b begin if it is transposed.
 */
export function* panelProducts(
  a: GpuMatrix,
  b: GpuMatrix,
  c: GpuMatrix,
  transposeA: boolean,
  transposeB: boolean,
): Generator<Product> {
  const depth = transposeA ? a.rows : a.columns;
  const rowRanges = ranges(c.rows, c, ...(transposeA ? [] : [a]));
  const depthRanges = ranges(depth, ...(transposeA ? [a] : []), ...(transposeB ? [] : [b]));
  const columnRanges = ranges(c.columns, ...(transposeB ? [b] : []));
  for (const [row, m] of rowRanges) {
    for (const [column, n] of columnRanges) {
      for (const [first, k] of depthRanges) {
        yield {
          m,
          n,
          k,
          a: transposeA ? at(a, first, row) : at(a, row, first),
          b: transposeB ? at(b, column, first) : at(b, first, column),
          c: at(c, row, column),
          strideA: a.columns,
          strideB: b.columns,
          strideC: c.columns,
          transposeA,
          transposeB,
          beta: first > 0 ? 1 : 0,
        };
      }
    }
  }
}

/** Cuts 0…length where the panels of all these matrices begin: [first, count] each. */
function ranges(length: number, ...matrices: readonly GpuMatrix[]): [number, number][] {
  const starts = new Set(matrices.flatMap(({ panels }) => panels.map(({ firstRow }) => firstRow)).concat(0));
  const sorted = [...starts].sort((one, other) => one - other);
  return sorted.map((first, i) => [first, (sorted[i + 1] ?? length) - first]);
}

/** Where the sub-matrix from (row, column) on begins. */
function at({ panels, columns }: GpuMatrix, row: number, column: number) {
  const panel = panels.findLast(({ firstRow }) => firstRow <= row)!;
  return { buffer: panel.buffer, offset: ((row - panel.firstRow) * columns + column) * 4 };
}
