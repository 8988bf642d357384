import { rotation } from './rotation';
import { tournament } from './tournament';

/**
 * Twin of orthogonalize.wgsl for one matrix: a sweep, in place, over x `[columns + rows, rows]`, the transpose of
 * [J·A | J]. Returns whether anything was rotated.
 */
export function orthogonalize(
  x: Float64Array,
  rows: number,
  columns: number,
  { tolerance, noise }: { readonly tolerance: number; readonly noise: number },
): boolean {
  const players = rows + (rows % 2);
  let rotated = false;
  for (let round = 0; round < players - 1; round++) {
    for (let index = 0; index < players / 2; index++) {
      const [p, q] = tournament(players, round, index);
      if (q >= rows) continue;
      let [alpha, beta, gamma] = [0, 0, 0];
      for (let at = 0; at < columns * rows; at += rows) {
        alpha += x[at + p] * x[at + p];
        beta += x[at + q] * x[at + q];
        gamma += x[at + p] * x[at + q];
      }
      if (alpha <= noise || beta <= noise || Math.abs(gamma) <= tolerance * Math.sqrt(alpha) * Math.sqrt(beta))
        continue;
      const [c, s] = rotation(alpha, beta, gamma);
      for (let at = 0; at < x.length; at += rows) {
        const [a, b] = [x[at + p], x[at + q]];
        x[at + p] = c * a - s * b;
        x[at + q] = s * a + c * b;
      }
      rotated = true;
    }
  }
  return rotated;
}
