import { type LongCall, Pacer } from '../../progress';
import type { Selection } from '../../selection';
import type { QuantizedForm } from '../../weightForm';
import { Grid, type GridOptions } from './grid';

/** Each weight of [rows, columns] by the code nearest to it, on grids that span their groups and zero. */
export async function nearest(
  values: Float32Array,
  rows: number,
  columns: number,
  options: GridOptions,
  selection: Selection,
  call: LongCall = {},
): Promise<QuantizedForm> {
  const { blockSize } = options;
  const extrema = await selection.groupExtrema(values, rows, columns, blockSize, call);
  const grid = new Grid(rows, columns, options);
  const { blocks } = grid;
  const pacer = new Pacer(call.signal);
  const [least, largest] = [new Float32Array(rows), new Float32Array(rows)];
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < rows; i++) {
      least[i] = extrema[2 * (i * blocks + block)]!;
      largest[i] = extrema[2 * (i * blocks + block) + 1]!;
    }
    grid.fit(block, 0, least, largest, rows);
    if (pacer.due) await pacer.breathe();
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) grid.put(i, j, values[i * columns + j]!);
    if (pacer.due) await pacer.breathe();
  }
  return grid.form();
}
