import { BYTES_OF, type Dense, elements } from '../../operators/operator';
import { gridOf } from '../../operators/sparse/layouts/cells';
import { cellsOf, type Grid } from '../../operators/sparse/layouts/layout';
import { chosenLayout, expectedCensus } from '../../operators/sparse/layouts/places';
import type { SparseTarget } from '../../operators/sparse/sparse';
import { type PruneOptions, patternOf, scopeOf } from './options';

/** Of how many cells, as many in every row where `inRows`, the form has at most `bytes`; 0 where not even one fits. */
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

/** What a leaf's sparse form is made for. */
export function targetOf(leaf: Dense, options: PruneOptions, opset: number): SparseTarget {
  const { shape, type, parameters } = leaf;
  const padded = isPadded(leaf) && options.pattern !== 'block';
  return { shape, type, pattern: patternOf(options), opset, ...(padded && { weights: parameters }) };
}

/** Whether some of a leaf's values are padding, of a sparse weight whose layout asks for it. */
export const isPadded = ({ shape, parameters }: Dense): boolean => parameters < elements(shape);

/**
 * The grid of the cells that may survive: padding, zeros in a leaf [1, n], never does. Blocks are counted as they are: each
 * may hold some of both.
 */
export function livingGrid(leaf: Dense, options: PruneOptions): Grid {
  const grid = gridOf(leaf.shape, patternOf(options));
  return grid.cell === 1 ? { ...grid, columns: leaf.parameters / grid.rows } : grid;
}

/**
 * How many cells survive: of a share, the nearest whole number, in each row or in all; of a size, as many as their bytes
 * and those of their places allow. 0 where a size leaves no room for any. N of every m with a pattern that says so, where
 * there are as many but for padding.
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

/** How many cells survive of a leaf that may take `bytes`. */
export const keptIn = (leaf: Dense, options: PruneOptions, opset: number, bytes: number): number =>
  Math.min(
    cellsOf(livingGrid(leaf, options)),
    keptWithin(targetOf(leaf, options, opset), scopeOf(options) === 'row', bytes),
  );

/** At least one weight survives in every row, or in all: a form without values has no use. */
export const keptAt = (grid: Grid, sparsity: number, inRows: boolean): number =>
  inRows
    ? grid.rows * Math.max(1, Math.round((1 - sparsity) * grid.columns))
    : Math.max(1, Math.round((1 - sparsity) * cellsOf(grid)));
