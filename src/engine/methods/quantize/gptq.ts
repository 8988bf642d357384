import { type LongCall, Pacer } from '../../core/progress';
import { subtractProduct } from '../../eigen/subtractProduct';
import type { InputStatistics } from '../../operators/statistics';
import { inverseFactor } from '../inverseFactor';
import type { Skipped } from '../method';
import { type FittedForm, Grid, type GridOptions } from './grid';

/** Columns whose errors are applied to later columns at once. A larger group is a block of its own. */
const BLOCK = 128;
/** How many rows are rounded at a time: a multiple of the three that `subtractProduct` takes. Rows are independent. */
const CHUNK = 192;

/**
 * GPTQ (Frantar et al. 2023, arXiv:2210.17323): column by column, from left to right, each weight of [rows, columns]
 * takes its nearest code, and later columns compensate for the error: w_k −= (w_j − q_j)/u_jj·u_jk with H⁻¹ = UᵀU of
 * the inputs' H = XᵀX. The grid of a group is fitted when its first column is reached, to the weights at that moment. A
 * group that is a whole row is fitted to the original row.
 *
 * All in float64, rows·columns²/2 multiply-adds. Errors are gathered by block, as in a triangular solve, with the
 * transposed factor of H⁻¹. An input that is always zero on the calibration data (H_jj = 0) gets a diagonal entry, so
 * that its weights round to nearest. The authors set such weights to zero, which saves nothing here and harms a model
 * that meets that input later.
 */
export async function gptq(
  values: Float32Array,
  rows: number,
  columns: number,
  options: GridOptions,
  input: InputStatistics,
  call: LongCall = {},
): Promise<FittedForm | Skipped> {
  const factor = await inverseFactor(input, call);
  if ('skipped' in factor) return factor;
  const { lower } = factor;
  const grid = new Grid(rows, columns, options);
  const { blockSize } = options;
  // A group that is the whole row is fitted before any weight changes.
  const width = grid.blocks === 1 ? BLOCK : Math.max(BLOCK, blockSize);
  const pacer = new Pacer(call.signal);
  const w = new Float64Array(CHUNK * columns);
  const errors = new Float64Array(CHUNK * columns);
  for (let top = 0; top < rows; top += CHUNK) {
    const count = Math.min(CHUNK, rows - top);
    w.set(values.subarray(top * columns, (top + count) * columns));
    for (let left = 0; left < columns; left += width) {
      const right = Math.min(columns, left + width);
      subtractProduct(
        { values: w, at: left, stride: columns },
        { values: errors, at: 0, stride: columns },
        { values: lower, at: left * columns, stride: columns },
        count,
        right - left,
        left,
      );
      for (let from = left; from < right; from = nextGroup(from, blockSize, right)) {
        const to = nextGroup(from, blockSize, right);
        if (from % blockSize === 0) {
          const end = Math.min(columns, from + blockSize);
          const block = from / blockSize;
          for (let i = 0; i < count; i++) grid.fit(top + i, block, w, i * columns + from, i * columns + end);
        }
        for (let i = 0; i < count; i++) {
          const row = i * columns;
          for (let j = from; j < to; j++) {
            const error = (w[row + j]! - grid.put(top + i, j, w[row + j]!)) / lower[j * columns + j]!;
            errors[row + j] = error;
            for (let k = j + 1; k < right; k++) w[row + k]! -= error * lower[k * columns + j]!;
          }
        }
        if (pacer.due) await pacer.breathe();
      }
      call.onProgress?.({ done: top + (count * right) / columns, total: rows, label: 'GPTQ' });
    }
  }
  return grid.form();
}

const nextGroup = (from: number, blockSize: number, right: number): number =>
  Math.min(right, (Math.floor(from / blockSize) + 1) * blockSize);
