import { pairRows } from './pairRows';

/** Twin of apply.wgsl: rotates, in place, the rows of each pair of blocks that meets in `round` and has `changed`. */
export function apply(
  rows: Float64Array,
  columns: number,
  blocks: number,
  round: number,
  rotations: ArrayLike<number>,
  changed: ArrayLike<number>,
): void {
  for (let pair = 0; pair < blocks / 2; pair++) {
    if (!changed[pair]) continue;
    const meeting = pairRows(blocks, round, pair);
    for (let column = 0; column < columns; column++) {
      const x = meeting.map((row) => rows[row * columns + column]);
      meeting.forEach((row, i) => {
        let sum = 0;
        for (let k = 0; k < 32; k++) sum += rotations[pair * 1024 + i * 32 + k] * x[k];
        rows[row * columns + column] = sum;
      });
    }
  }
}
