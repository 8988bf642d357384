import { type LongCall, Pacer } from '../../core/progress';
import { type FittedForm, Grid, type GridOptions } from './grid';

/**
 * Each weight of [rows, columns] takes the nearest code, on grids that span the values of their groups and zero. Ranges
 * and codes are found in one pass on the host, whatever the backend: the values are there, and each is read twice while
 * it is in the cache.
 */
export async function nearest(
  values: Float32Array,
  rows: number,
  columns: number,
  options: GridOptions,
  call: LongCall = {},
): Promise<FittedForm> {
  const { blockSize } = options;
  const grid = new Grid(rows, columns, options);
  const pacer = new Pacer(call.signal);
  const row = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    row.set(values.subarray(i * columns, (i + 1) * columns));
    for (let block = 0; block < grid.blocks; block++) {
      const [from, to] = [block * blockSize, Math.min(columns, (block + 1) * blockSize)];
      grid.fit(i, block, row, from, to);
      grid.putGroup(i, block, row, from, to);
    }
    if (pacer.due) await pacer.breathe();
  }
  return grid.form();
}
