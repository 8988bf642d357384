import { upperCholeskyOfInverse } from '../../eigen/cholesky';
import { subtractProduct } from '../../eigen/subtractProduct';
import { UserError } from '../../errors';
import { type LongCall, Pacer } from '../../progress';

/** What goes: as many of each row, or of the layer, as leave `kept`; or all but n of every m neighbours in a row. */
export type Budget =
  | { readonly scope: 'row' | 'layer'; readonly kept: number }
  | { readonly scope: 'group'; readonly n: number; readonly m: number };

/** Columns between two updates of all that lie behind them: within, a column only meets the other ones of its block. */
const BLOCK = 128;
/** Rows at a time where rows don't compete: 512·4096 weights in float64 are 16 MB. */
const PANEL = 512;
/** Of the mean of H's diagonal: what keeps H definite where inputs depend on one another. */
const DAMPING = 0.01;

/**
 * SparseGPT (Frantar & Alistarh, 2023, arXiv:2301.00774): W [rows, columns] with weights at zero and the others changed so
 * that ‖X(W−Ŵ)ᵀ‖ stays small, from H = XᵀX [columns, columns] alone. Columns are gone through from the left; the
 * loss of a weight is w²/U_jj², with H⁻¹ = Uᵀ·U, and what goes is made up for by the columns to its right, the best
 * that they can. What goes is chosen for 128 columns at a time, from the weights as they are by then: in each row, which
 * kept more of a small language model's answers than choosing in the whole block, though the latter errs less on X.
 */
export async function sparseGpt(
  values: Float32Array,
  rows: number,
  columns: number,
  gram: Float64Array,
  budget: Budget,
  { signal, onProgress }: LongCall,
): Promise<Float32Array<ArrayBuffer>> {
  const { upper, dead } = await factorOf(gram, columns, signal);
  const result = new Float32Array(rows * columns);
  const pacer = new Pacer(signal);
  // Rows of one panel compete for what a layer keeps.
  const panel = budget.scope === 'layer' ? rows : PANEL;
  for (let top = 0; top < rows; top += panel) {
    const height = Math.min(panel, rows - top);
    const weights = Float64Array.from(values.subarray(top * columns, (top + height) * columns));
    for (const j of dead) for (let i = 0; i < height; i++) weights[i * columns + j] = 0;
    for (let left = 0; left < columns; left += BLOCK) {
      const right = Math.min(columns, left + BLOCK);
      signal?.throwIfAborted();
      const gone = budgetIn(budget, height, rows, columns, dead, left, right);
      const errors = await pruneBlock({ weights, upper, height, columns, left, right }, gone, pacer);
      await passOn(weights, errors, upper, height, columns, left, right, pacer);
      onProgress?.({ done: top * columns + height * right, total: rows * columns, label: 'SparseGPT' });
    }
    result.set(weights, top * columns);
  }
  return result;
}

/** U of the damped H, and the inputs that are always zero: H has nothing to say of their weights, which can go. */
async function factorOf(gram: Float64Array, size: number, signal: AbortSignal | undefined) {
  let mean = 0;
  for (let i = 0; i < size; i++) mean += gram[i * size + i]! / size;
  const dead: number[] = [];
  for (let damping = DAMPING; damping <= 1; damping *= 10) {
    const damped = gram.slice();
    dead.length = 0;
    for (let i = 0; i < size; i++) {
      const at = i * size + i;
      if (damped[at] === 0) {
        dead.push(i);
        damped[at] = mean || 1;
      }
      damped[at]! += damping * mean;
    }
    const { upper } = await upperCholeskyOfInverse(damped, size, { signal });
    if (upper) return { upper, dead };
  }
  throw new UserError('The statistics of a layer’s input are not finite: check the calibration data for NaN.');
}

type Gone =
  | { readonly scope: 'row' | 'layer'; readonly count: number }
  | { readonly scope: 'group'; readonly n: number; readonly m: number };

/**
 * What goes in columns `left` to `right`: those whose input is always zero, and of the others as large a share in every
 * block, rounded so that all together are the whole number that was asked for.
 */
function budgetIn(
  budget: Budget,
  height: number,
  rows: number,
  columns: number,
  dead: readonly number[],
  left: number,
  right: number,
): Gone {
  if (budget.scope === 'group') return budget;
  const { scope, kept } = budget;
  const each = scope === 'row' ? 1 : height;
  const live = columns - dead.length;
  const free = Math.max(0, scope === 'row' ? live - kept / rows : each * live - kept);
  const until = (column: number) => {
    const zeros = dead.filter((at) => at < column).length;
    return each * zeros + Math.round((free * (column - zeros)) / Math.max(1, live));
  };
  return { scope, count: until(right) - until(left) };
}

interface Part {
  /** [height, columns] */
  readonly weights: Float64Array;
  readonly upper: Float64Array;
  readonly height: number;
  readonly columns: number;
  readonly left: number;
  readonly right: number;
}

/** Prunes the columns of a block, each making up for those before it; returns their errors over U_jj, [height, right − left]. */
async function pruneBlock(part: Part, gone: Gone, pacer: Pacer): Promise<Float64Array> {
  const { weights, upper, height, columns, left, right } = part;
  const width = right - left;
  const errors = new Float64Array(height * width);
  const goes = new Uint8Array(height * width);
  if (gone.scope === 'layer') markSmallest(lossesOf(part, 0, height, left, right), gone.count, goes, 0);
  for (let i = 0; i < height; i++) {
    if (gone.scope === 'row') markSmallest(lossesOf(part, i, i + 1, left, right), gone.count, goes, i * width);
    for (let j = left; j < right; j++) {
      if (gone.scope === 'group' && j % gone.m === 0) {
        const end = Math.min(right, j + gone.m);
        const count = Math.max(0, end - j - gone.n);
        markSmallest(lossesOf(part, i, i + 1, j, end), count, goes, i * width + j - left);
      }
      if (goes[i * width + j - left] === 0) continue;
      const at = i * columns;
      const error = weights[at + j]! / upper[j * columns + j]!;
      errors[i * width + j - left] = error;
      weights[at + j] = 0;
      for (let k = j + 1; k < right; k++) weights[at + k]! -= error * upper[j * columns + k]!;
    }
    await pacer.breathe();
  }
  return errors;
}

/** w²/U_jj² of some rows and columns. */
function lossesOf({ weights, upper, columns }: Part, top: number, bottom: number, left: number, right: number) {
  const losses = new Float64Array((bottom - top) * (right - left));
  let at = 0;
  for (let i = top; i < bottom; i++) {
    for (let j = left; j < right; j++) losses[at++] = (weights[i * columns + j]! / upper[j * columns + j]!) ** 2;
  }
  return losses;
}

/** Marks the `count` smallest; of equal ones the last. */
function markSmallest(losses: Float64Array, count: number, marks: Uint8Array, from: number): void {
  if (count < 1) return;
  const threshold = losses.slice().sort()[count - 1]!;
  let ties = count;
  for (const loss of losses) if (loss < threshold) ties--;
  for (let i = losses.length - 1; i >= 0; i--) {
    if (losses[i]! < threshold || (losses[i] === threshold && ties-- > 0)) marks[from + i] = 1;
  }
}

/** Columns behind `right` minus errors · U[left … right, behind]. */
async function passOn(
  weights: Float64Array,
  errors: Float64Array,
  upper: Float64Array,
  height: number,
  columns: number,
  left: number,
  right: number,
  pacer: Pacer,
): Promise<void> {
  const width = right - left;
  const behind = columns - right;
  const turned = new Float64Array(behind * width);
  for (let k = 0; k < width; k++) {
    const row = (left + k) * columns + right;
    for (let j = 0; j < behind; j++) turned[j * width + k] = upper[row + j]!;
  }
  const step = 48;
  for (let top = 0; top < height; top += step) {
    subtractProduct(
      { values: weights, at: top * columns + right, stride: columns },
      { values: errors, at: top * width, stride: width },
      { values: turned, at: 0, stride: width },
      Math.min(step, height - top),
      behind,
      width,
    );
    await pacer.breathe();
  }
}
