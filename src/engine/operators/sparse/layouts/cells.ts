import { cropped, reshaped } from '../../export/nodes';
import { elements, matrixOf, type NodeWriter } from '../../operator';
import type { Grid } from './layout';

/** Which weights of [out, in·taps] may be removed: any; all but n of every m neighbours in a row; or whole blocks. */
export type Pattern =
  | { readonly kind: 'unstructured' }
  | { readonly kind: 'n:m'; readonly n: number; readonly m: number }
  | { readonly kind: 'block'; readonly rows: number; readonly columns: number };

/** The grid of a weight's cells. Blocks that reach over the edges are filled with zeros. */
export function gridOf(shape: readonly number[], pattern: Pattern): Grid {
  const [out, inner] = matrixOf(shape);
  if (pattern.kind === 'block') {
    const { rows, columns } = pattern;
    return { rows: Math.ceil(out / rows), columns: Math.ceil(inner / columns), cell: rows * columns };
  }
  const grouped = pattern.kind === 'n:m' && inner % pattern.m === 0;
  return { rows: out, columns: inner, cell: 1, ...(grouped && { group: { n: pattern.n, m: pattern.m } }) };
}

/** The weights [out, in·taps] cell by cell. Returns `values` itself where a cell is one weight. */
export function toCells(values: Float32Array, shape: readonly number[], pattern: Pattern, grid: Grid): Float32Array {
  if (pattern.kind !== 'block') return values;
  const cells = new Float32Array(grid.rows * grid.columns * grid.cell);
  const inner = matrixOf(shape)[1];
  for (let i = 0; i < values.length; i++) cells[cellPlace(i, inner, pattern, grid)] = values[i]!;
  return cells;
}

export function fromCells(
  cells: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  pattern: Pattern,
  grid: Grid,
): Float32Array<ArrayBuffer> {
  if (pattern.kind !== 'block') return cells;
  const [out, inner] = matrixOf(shape);
  const values = new Float32Array(out * inner);
  for (let i = 0; i < values.length; i++) values[i] = cells[cellPlace(i, inner, pattern, grid)]!;
  return values;
}

function cellPlace(i: number, inner: number, { rows, columns }: Pattern & { kind: 'block' }, grid: Grid): number {
  const [row, column] = [Math.floor(i / inner), i % inner];
  const cell = Math.floor(row / rows) * grid.columns + Math.floor(column / columns);
  return cell * grid.cell + (row % rows) * columns + (column % columns);
}

/** Writes nodes that do what `fromCells` does. */
export function writeFromCells(
  writer: NodeWriter,
  cells: string,
  shape: readonly number[],
  { rows, columns }: Pattern & { kind: 'block' },
  grid: Grid,
): string {
  const [out, inner] = matrixOf(shape);
  const [high, wide] = [grid.rows * rows, grid.columns * columns];
  const apart = reshaped(writer, cells, [grid.rows, grid.columns, rows, columns]);
  const turned = writer.node('Transpose', [apart], { perm: [0, 2, 1, 3] });
  let matrix = reshaped(writer, turned, [high, wide]);
  if (wide > inner || high > out) matrix = cropped(writer, matrix, [0, 1], [out, inner]);
  return shape.length > 2 ? reshaped(writer, matrix, shape) : matrix;
}

/** Bytes of the values computed between the cells, of shape `dims`, and the weight, in float32. */
export function shapingBytes(shape: readonly number[], pattern: Pattern, grid: Grid, dims: readonly number[]): number {
  const count = elements(shape);
  if (pattern.kind !== 'block') return `${dims}` === `${shape}` ? 0 : 4 * count;
  const padded = grid.rows * grid.columns * grid.cell;
  return 4 * (3 * padded + (padded > count ? count : 0) + (shape.length > 2 ? count : 0));
}
