import { type LongCall, Pacer } from '../../core/progress';
import { subtractProduct } from '../../eigen/subtractProduct';
import type { InverseFactor } from '../inverseFactor';

/** How many weights survive: `kept` of the layer or of each row, or n of every m neighbours in a row. */
export type Budget =
  | { readonly scope: 'row' | 'layer'; readonly kept: number }
  | { readonly scope: 'group'; readonly n: number; readonly m: number };

/**
 * Columns between two updates of all later columns. Within a block, a column updates only the other columns of the
 * block.
 */
const BLOCK = 128;
/**
 * How many rows are pruned at a time where rows don't compete: a multiple of the three that `subtractProduct` takes.
 */
const CHUNK = 192;

/**
 * SparseGPT (Frantar & Alistarh, 2023, arXiv:2301.00774): sets weights of W [rows, columns] to zero and changes the
 * others so that ‖X(W−Ŵ)ᵀ‖ stays small. It needs only H = XᵀX of the inputs, which `inverseFactor` has factorised as
 * H⁻¹ = UᵀU. Columns are visited from left to right. The loss of a weight is w²/u_jj², and later columns compensate for
 * each removed weight.
 *
 * Weights are chosen for 128 columns at a time, from their values at that moment, in each row. On a small language
 * model that kept more of the answers than choosing in the whole block, although the latter has a smaller error on X.
 * Weights of inputs that are always zero on the calibration data go first, and need no compensation. All in float64,
 * rows·columns²/2 multiply-adds.
 */
export async function sparseGpt(
  values: Float32Array,
  rows: number,
  columns: number,
  { lower, unseen }: InverseFactor,
  budget: Budget,
  call: LongCall,
): Promise<Float32Array<ArrayBuffer>> {
  const result = new Float32Array(rows * columns);
  const pacer = new Pacer(call.signal);
  // All rows compete for the weights that a layer keeps.
  const chunk = budget.scope === 'layer' ? rows : CHUNK;
  const losses = new Float64Array(Math.min(chunk, rows) * BLOCK);
  const errors = new Float64Array(Math.min(chunk, rows) * columns);
  for (let top = 0; top < rows; top += chunk) {
    const count = Math.min(chunk, rows - top);
    const weights = Float64Array.from(values.subarray(top * columns, (top + count) * columns));
    for (const j of unseen) for (let i = 0; i < count; i++) weights[i * columns + j] = 0;
    for (let left = 0; left < columns; left += BLOCK) {
      call.signal?.throwIfAborted();
      const right = Math.min(columns, left + BLOCK);
      for (let from = 0; from < count; from += CHUNK) {
        subtractProduct(
          { values: weights, at: from * columns + left, stride: columns },
          { values: errors, at: from * columns, stride: columns },
          { values: lower, at: left * columns, stride: columns },
          Math.min(CHUNK, count - from),
          right - left,
          left,
        );
        await pacer.breathe();
      }
      const gone = budgetIn(budget, count, rows, columns, unseen, left, right);
      await pruneBlock({ weights, errors, lower, losses, count, columns, left, right }, gone, pacer);
      call.onProgress?.({ done: top + (count * right) / columns, total: rows, label: 'SparseGPT' });
    }
    result.set(weights, top * columns);
  }
  return result;
}

type Gone =
  | { readonly scope: 'row' | 'layer'; readonly count: number }
  | { readonly scope: 'group'; readonly n: number; readonly m: number };

/**
 * How many weights go in columns `left` to `right`: those whose input is always zero, and the same share of the others
 * in every block, rounded so that the total is the number that was asked for.
 */
function budgetIn(
  budget: Budget,
  height: number,
  rows: number,
  columns: number,
  unseen: readonly number[],
  left: number,
  right: number,
): Gone {
  if (budget.scope === 'group') return budget;
  const { scope, kept } = budget;
  const each = scope === 'row' ? 1 : height;
  const seen = columns - unseen.length;
  const free = Math.max(0, each * seen - (scope === 'row' ? kept / rows : kept));
  const until = (column: number) => {
    const zeros = unseen.filter((at) => at < column).length;
    return each * zeros + Math.round((free * (column - zeros)) / Math.max(1, seen));
  };
  return { scope, count: until(right) - until(left) };
}

interface Part {
  /** [count, columns], like the errors over u_jj. */
  readonly weights: Float64Array;
  readonly errors: Float64Array;
  readonly lower: Float64Array;
  /** Room for the errors of one block. */
  readonly losses: Float64Array;
  readonly count: number;
  readonly columns: number;
  readonly left: number;
  readonly right: number;
}

/** Prunes the columns of a block. Later columns of the block compensate. */
async function pruneBlock(part: Part, gone: Gone, pacer: Pacer): Promise<void> {
  const { weights, errors, lower, count, columns, left, right } = part;
  const width = right - left;
  // U's block in an array of its own, so that its rows are adjacent.
  const upper = new Float64Array(width * width);
  for (let j = 0; j < width; j++) {
    for (let k = j; k < width; k++) upper[j * width + k] = lower[(left + k) * columns + left + j]!;
  }
  const goes = new Uint8Array(count * width);
  if (gone.scope === 'layer') markSmallest(lossesOf(part, upper, 0, count, 0, width), gone.count, goes, 0);
  for (let i = 0; i < count; i++) {
    const [row, marks] = [i * columns + left, i * width];
    if (gone.scope === 'row') markSmallest(lossesOf(part, upper, i, i + 1, 0, width), gone.count, goes, marks);
    for (let j = 0; j < width; j++) {
      if (gone.scope === 'group' && (left + j) % gone.m === 0) {
        const end = Math.min(width, j + gone.m);
        const losses = lossesOf(part, upper, i, i + 1, j, end);
        markSmallest(losses, Math.max(0, end - j - gone.n), goes, marks + j);
      }
      const error = goes[marks + j] ? weights[row + j]! / upper[j * width + j]! : 0;
      errors[row + j] = error;
      if (error === 0) continue;
      weights[row + j] = 0;
      for (let k = j + 1; k < width; k++) weights[row + k]! -= error * upper[j * width + k]!;
    }
    if (pacer.due) await pacer.breathe();
  }
}

/** w²/u_jj² of some rows. Columns are counted from the first of the block. */
function lossesOf(part: Part, upper: Float64Array, top: number, bottom: number, from: number, to: number) {
  const { weights, columns, left, right, losses } = part;
  const width = right - left;
  let at = 0;
  for (let i = top; i < bottom; i++) {
    for (let j = from; j < to; j++) losses[at++] = (weights[i * columns + left + j]! / upper[j * width + j]!) ** 2;
  }
  return losses.subarray(0, at);
}

/** Marks the `count` smallest; among equal ones, the last. */
function markSmallest(losses: Float64Array, count: number, marks: Uint8Array, from: number): void {
  if (count < 1) return;
  const threshold = losses.slice().sort()[count - 1]!;
  let ties = count;
  for (const loss of losses) if (loss < threshold) ties--;
  for (let i = losses.length - 1; i >= 0; i--) {
    if (losses[i]! < threshold || (losses[i] === threshold && ties-- > 0)) marks[from + i] = 1;
  }
}
