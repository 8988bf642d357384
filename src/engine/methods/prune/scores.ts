import type { Mask, Selection, Threshold } from '../../backend/selection';
import type { LongCall } from '../../core/progress';
import { unusualScale } from '../../linalg/scaling';
import { type Dense, matrixOf } from '../../operators/operator';
import { fromCells, gridOf, toCells } from '../../operators/sparse/layouts/cells';
import type { InputStatistics } from '../../operators/statistics';
import { type PruneOptions, patternOf, scopeOf } from './options';

/**
 * The score of each cell of [out, in·taps]; the smallest go first. magnitude: |W|. wanda: |W_ij|·‖X_j‖₂ with the norm
 * of column j of the inputs, up to a common factor (Sun et al., 2023, arXiv:2306.11695). The score of a block is the
 * root of the sum of its weights' squared scores.
 */
export function scoresOf(
  values: Float32Array,
  { shape }: Dense,
  options: PruneOptions,
  input: InputStatistics | undefined,
): Float32Array {
  const pattern = patternOf(options);
  const inner = matrixOf(shape)[1];
  let scores = values;
  if (options.score === 'wanda') {
    const norms = Float64Array.from(input!.meanSquare, Math.sqrt);
    const largest = norms.reduce((most, norm) => Math.max(most, norm), 0) || 1;
    // Weights that are compared with no other leaf may be scored in any unit.
    const unit = scopeOf(options) === 'model' ? 1 : unusualScale(values);
    scores = new Float32Array(values.length);
    for (let i = 0, j = 0; i < values.length; i++, j = j + 1 === inner ? 0 : j + 1) {
      scores[i] = (Math.abs(values[i]!) * unit * norms[j]!) / largest;
    }
  }
  if (pattern.kind !== 'block') return scores;
  const grid = gridOf(shape, pattern);
  const cells = toCells(scores, shape, pattern, grid);
  return Float32Array.from({ length: grid.rows * grid.columns }, (_, cell) => {
    let sum = 0;
    for (let i = cell * grid.cell; i < (cell + 1) * grid.cell; i++) sum += cells[i]! ** 2;
    return Math.sqrt(sum);
  });
}

/** How many bits of a mask are set. */
export function bitsSet(mask: Uint32Array): number {
  let count = 0;
  for (let word of mask) for (; word !== 0; word &= word - 1) count++;
  return count;
}

/** Which cells survive: the best of each row, of the layer, or those above the common threshold of the step. */
export type Choice =
  | { readonly scope: 'row' | 'layer'; readonly kept: number }
  | { readonly scope: 'group' }
  | { readonly scope: 'model'; readonly threshold: Threshold };

/** The weights, with zeros in place of those that go. */
export async function survivors(
  values: Float32Array,
  leaf: Dense,
  options: PruneOptions,
  input: InputStatistics | undefined,
  choice: Choice,
  selection: Selection,
  call: LongCall,
): Promise<Float32Array<ArrayBuffer>> {
  const { shape } = leaf;
  const pattern = patternOf(options);
  const grid = gridOf(shape, pattern);
  const { rows, columns } = grid;
  const scores = scoresOf(values, leaf, options, input);
  const byRows = choice.scope === 'row' || choice.scope === 'group';
  const words = Math.ceil((byRows ? columns : rows * columns) / 32);
  const mask = await chosen();
  const cells = toCells(values, shape, pattern, grid).slice();
  for (let cell = 0; cell < rows * columns; cell++) {
    const [row, at] = byRows ? [Math.floor(cell / columns), cell % columns] : [0, cell];
    if ((mask[row * words + (at >>> 5)]! >>> (at & 31)) & 1) continue;
    cells.fill(0, cell * grid.cell, (cell + 1) * grid.cell);
  }
  return fromCells(cells, shape, pattern, grid);

  async function chosen(): Promise<Mask> {
    if (choice.scope === 'model') return (await selection.thresholdMask(scores, choice.threshold, call)).mask;
    if (choice.scope === 'group') return selection.groupMask(scores, rows, columns, options.n, options.m, call);
    if (choice.scope === 'row') return selection.rowMask(scores, rows, columns, choice.kept / rows, call);
    const list = { length: scores.length, read: () => scores };
    const threshold = await selection.largestThreshold([list], choice.kept, call);
    return (await selection.thresholdMask(scores, threshold, call)).mask;
  }
}
