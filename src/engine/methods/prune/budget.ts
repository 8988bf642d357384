import { BYTES_OF, type Dense, elements } from '../../operators/operator';
import { gridOf } from '../../operators/sparse/layouts/cells';
import { cellsOf, type Grid } from '../../operators/sparse/layouts/layout';
import { chosenLayout, expectedCensus } from '../../operators/sparse/layouts/places';
import type { SparseTarget } from '../../operators/sparse/sparse';
import { type PruneOptions, patternOf, scopeOf } from './options';

/**
 * The most cells whose form takes at most `bytes`; equally many in every row with `inRows`. 0 where not even one fits.
 */
export function keptWithin({ shape, type, pattern, opset }: SparseTarget, inRows: boolean, bytes: number): number {
  const grid = gridOf(shape, pattern);
  const target = { grid, opset, valueBytes: BYTES_OF[type] };
  let [least, most] = [0, inRows ? grid.columns : cellsOf(grid)];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    const kept = inRows ? middle * grid.rows : middle;
    if (chosenLayout(target, expectedCensus(grid, kept, inRows)).bytes <= bytes) least = middle;
    else most = middle - 1;
  }
  return inRows ? least * grid.rows : least;
}

/** The sparse form that a leaf gets. */
export function targetOf(leaf: Dense, options: PruneOptions, opset: number): SparseTarget {
  const { shape, type, parameters } = leaf;
  const padded = isPadded(leaf) && options.pattern !== 'block';
  return { shape, type, pattern: patternOf(options), opset, ...(padded && { weights: parameters }) };
}

/** Whether a leaf has padding: zeros that the layout of a sparse weight needs. */
export const isPadded = ({ shape, parameters }: Dense): boolean => parameters < elements(shape);

/**
 * The grid of the cells that may survive. Padding, zeros in a leaf [1, n], never survives. Blocks are counted whole: a
 * block may hold weights and padding.
 */
export function livingGrid(leaf: Dense, options: PruneOptions): Grid {
  const grid = gridOf(leaf.shape, patternOf(options));
  return grid.cell === 1 ? { ...grid, columns: leaf.parameters / grid.rows } : grid;
}

/**
 * How many cells survive. For a sparsity, the nearest whole number, in each row or in all; for a size, as many as fit
 * with their positions, 0 where none do. With the pattern n:m, n of every m, less where padding leaves fewer.
 */
export function keptOf(leaf: Dense, options: PruneOptions, opset: number): number {
  const pattern = patternOf(options);
  if (pattern.kind === 'n:m') {
    const { n, m } = pattern;
    const { rows, columns } = gridOf(leaf.shape, pattern);
    return Math.min(leaf.parameters, rows * (Math.floor(columns / m) * n + Math.min(n, columns % m)));
  }
  const { size, sparsity } = options;
  const inRows = scopeOf(options) === 'row';
  if (size !== undefined) return keptIn(leaf, options, opset, size * leaf.bytes);
  return keptAt(livingGrid(leaf, options), sparsity!, inRows);
}

/** How many cells of a leaf survive if it may take `bytes`. */
export const keptIn = (leaf: Dense, options: PruneOptions, opset: number, bytes: number): number =>
  Math.min(
    cellsOf(livingGrid(leaf, options)),
    keptWithin(targetOf(leaf, options, opset), scopeOf(options) === 'row', bytes),
  );

/** At least one weight survives, in every row or in all: a form without values has no use. */
export const keptAt = (grid: Grid, sparsity: number, inRows: boolean): number =>
  inRows
    ? grid.rows * Math.max(1, Math.round((1 - sparsity) * grid.columns))
    : Math.max(1, Math.round((1 - sparsity) * cellsOf(grid)));
