import type { NodeWriter } from '../../operator';

/** A weight as a matrix of cells: single weights, or blocks of `cell` weights each. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly cell: number;
  /** At most n of every m neighbours in a row are stored; m divides the columns. */
  readonly group?: { readonly n: number; readonly m: number } | undefined;
}

/** What the size of the places follows from. */
export interface Census {
  /** Cells that are stored. */
  readonly kept: number;
  /** The most of them in one row. */
  readonly most: number;
  /** Steps of 255 that lead over gaps no byte can tell. */
  readonly steps: number;
}

export interface ArrayPlan {
  readonly label: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly bytes: number;
}

export type PlaceValues = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** One way to store which cells of a grid have values. Cells are counted row by row; their values lie in that order. */
export interface Layout {
  /** The first opset that has the operators which `rebuild` writes. */
  readonly opset: number;
  fits(grid: Grid): boolean;
  /** Cells of values, padding included, and the arrays that say where they lie. */
  plan(grid: Grid, census: Census): { readonly entries: number; readonly arrays: readonly ArrayPlan[] };
  /** The arrays' values for the rising `positions` of what is kept. */
  encode(positions: Int32Array, grid: Grid, census: Census): readonly PlaceValues[];
  /** The position of each of `entries` cells of values, all different; padding lies where nothing is kept. */
  decode(arrays: readonly Uint8Array<ArrayBuffer>[], grid: Grid, entries: number): Int32Array<ArrayBuffer>;
  /** The shape of what `rebuild` makes. */
  dims(grid: Grid): readonly number[];
  /** Bytes that `rebuild` makes more where it makes the matrix of single weights transposed; absent: it can't. */
  transposeBytes?(grid: Grid, entries: number): number;
  /** Nodes that put the values in their places, all others being zero; returns the result's name. */
  rebuild(writer: NodeWriter, arrays: readonly string[], values: Values, grid: Grid, options: Rebuilding): string;
  /**
   * Bytes of all that `rebuild` makes, from the opset on that has all of what it would use, without what it shares with
   * other weights of the size.
   */
  rebuildBytes(grid: Grid, entries: number): number;
  /** Bytes of what all weights of this grid's size share, by name: runtimes compute equal nodes once. */
  sharedBytes(grid: Grid): Readonly<Record<string, number>>;
}

/** The name of the values in this shape, or of its transpose. */
export type Values = (dims: readonly number[], transposed?: boolean) => string;

export interface Rebuilding {
  readonly entries: number;
  readonly turned: boolean;
}

/** What a scatter begins with. */
export const zerosOf = (dims: readonly number[]): Record<string, number> => ({
  [`zeros ${dims.join('×')}`]: 4 * dims.reduce((product, size) => product * size, 1),
});

export const cellsOf = ({ rows, columns }: Grid): number => rows * columns;

/** [count], or [count, cell] where cells are blocks. */
export const cellDims = (count: number, { cell }: Grid): number[] => (cell === 1 ? [count] : [count, cell]);

/** `values` with a cell of zeros in front: what the index 0 means from then on. Zeros are no values, so that no later method moves them. */
export function withZero(writer: NodeWriter, values: string, { cell }: Grid): string {
  const one = writer.float([0], cell === 1 ? [1] : [1, 1]);
  if (cell === 1) return writer.node('Concat', [one, values], { axis: 0 });
  const zero = writer.node(writer.opset < 8 ? 'Tile' : 'Expand', [one, writer.int64([1, cell])]);
  return writer.node('Concat', [zero, values], { axis: 0 });
}
