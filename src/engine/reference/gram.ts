import { pairRows } from './pairRows';

/** Twin of gram.wgsl, its splits summed: [pairs, 32, 32] Gram matrices of the rows that meet in `round`. */
export function gram(
  rows: ArrayLike<number>,
  columns: number,
  blocks: number,
  round: number,
): Float64Array<ArrayBuffer> {
  const result = new Float64Array((blocks / 2) * 1024);
  for (let pair = 0; pair < blocks / 2; pair++) {
    const meeting = pairRows(blocks, round, pair);
    for (let i = 0; i < 32; i++) {
      for (let j = 0; j < 32; j++) {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += rows[meeting[i] * columns + k] * rows[meeting[j] * columns + k];
        result[pair * 1024 + i * 32 + j] = sum;
      }
    }
  }
  return result;
}
