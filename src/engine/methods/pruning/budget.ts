import { BYTES_OF, type Dense } from '../../operators/operator';
import { gridOf } from '../../operators/places/cells';
import { cellsOf, type Grid } from '../../operators/places/layout';
import { chosenLayout, expectedCensus } from '../../operators/places/places';
import type { SparseTarget } from '../../operators/sparse';
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
export const targetOf = ({ shape, type }: Dense, options: PruneOptions, opset: number): SparseTarget => ({
  shape,
  type,
  pattern: patternOf(options),
  opset,
});

/**
 * How many cells survive: of a share, the nearest whole number, in each row or in all; of a size, as many as their bytes
 * and those of their places allow. 0 where a size leaves no room for any. N of every m with a pattern that says so.
 */
export function keptOf(leaf: Dense, options: PruneOptions, opset: number): number {
  const pattern = patternOf(options);
  const grid = gridOf(leaf.shape, pattern);
  if (pattern.kind === 'n:m') {
    const { n, m } = pattern;
    return grid.rows * (Math.floor(grid.columns / m) * n + Math.min(n, grid.columns % m));
  }
  const { size, sparsity } = options;
  const inRows = scopeOf(options) === 'row';
  if (size !== undefined) return keptWithin(targetOf(leaf, options, opset), inRows, size * leaf.bytes);
  return keptAt(grid, sparsity!, inRows);
}

/** At least one weight survives in every row, or in all: a form without values has no use. */
export const keptAt = (grid: Grid, sparsity: number, inRows: boolean): number =>
  inRows
    ? grid.rows * Math.max(1, Math.round((1 - sparsity) * grid.columns))
    : Math.max(1, Math.round((1 - sparsity) * cellsOf(grid)));
