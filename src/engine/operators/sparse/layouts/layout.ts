import type { NodeWriter } from '../../operator';

/** A weight as a matrix of cells. A cell is one weight, or a block of `cell` weights. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly cell: number;
  /** At most n of every m neighbours in a row are stored. m divides the columns. */
  readonly group?: { readonly n: number; readonly m: number } | undefined;
}

/** What decides the size of the places. */
export interface Census {
  /** Cells that are stored. */
  readonly kept: number;
  /** The most stored cells in one row. */
  readonly most: number;
  /** Steps of 255, for gaps that no byte can hold. */
  readonly steps: number;
}

export interface ArrayPlan {
  readonly label: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly bytes: number;
}

export type PlaceValues = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/**
 * A way to store which cells of a grid have values. Cells are counted row by row, and their values lie in that order.
 */
export interface Layout {
  /** The first opset with the ONNX operators that `rebuild` writes. */
  readonly opset: number;
  fits(grid: Grid): boolean;
  /** The number of cells with values, padding included, and the arrays that say where they lie. */
  plan(grid: Grid, census: Census): { readonly entries: number; readonly arrays: readonly ArrayPlan[] };
  /** The contents of the arrays, for the rising `positions` of the kept cells. */
  encode(positions: Int32Array, grid: Grid, census: Census): readonly PlaceValues[];
  /** The positions of the `entries` cells with values, all different. Padding lies where nothing is kept. */
  decode(arrays: readonly Uint8Array<ArrayBuffer>[], grid: Grid, entries: number): Int32Array<ArrayBuffer>;
  /** The shape of what `rebuild` computes. */
  dims(grid: Grid): readonly number[];
  /**
   * Bytes of the values that `rebuild` computes in addition for the transposed matrix of single weights. Absent: it
   * cannot transpose.
   */
  transposeBytes?(grid: Grid, entries: number): number;
  /** Writes nodes that put the values in their places and zeros elsewhere. Returns the result's name. */
  rebuild(writer: NodeWriter, arrays: readonly string[], values: Values, grid: Grid, options: Rebuilding): string;
  /**
   * Bytes of all values that `rebuild` computes, from the opset on that has all operators it would use, without what
   * weights of one size share.
   */
  rebuildBytes(grid: Grid, entries: number): number;
  /** Bytes of what all weights of this size share, by name. Runtimes compute equal nodes once. */
  sharedBytes(grid: Grid): Readonly<Record<string, number>>;
}

/** Returns the name of the values in this shape, or of its transpose. */
export type Values = (dims: readonly number[], transposed?: boolean) => string;

export interface Rebuilding {
  readonly entries: number;
  readonly turned: boolean;
}

/** The zeros that a scatter starts from. */
export const zerosOf = (dims: readonly number[]): Record<string, number> => ({
  [`zeros ${dims.join('×')}`]: 4 * dims.reduce((product, size) => product * size, 1),
});

export const cellsOf = ({ rows, columns }: Grid): number => rows * columns;

/** [count], or [count, cell] where cells are blocks. */
export const cellDims = (count: number, { cell }: Grid): number[] => (cell === 1 ? [count] : [count, cell]);

/**
 * `values` with a cell of zeros before them, so that index 0 means zero. These zeros are not stored values, so no later
 * method changes them.
 */
export function withZero(writer: NodeWriter, values: string, { cell }: Grid): string {
  const one = writer.float([0], cell === 1 ? [1] : [1, 1]);
  if (cell === 1) return writer.node('Concat', [one, values], { axis: 0 });
  const zero = writer.node(writer.opset < 8 ? 'Tile' : 'Expand', [one, writer.int64([1, cell])]);
  return writer.node('Concat', [zero, values], { axis: 0 });
}
