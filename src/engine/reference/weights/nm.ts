import type { NMForm } from '../../weightForm';

/** Twin of nmRow.wgsl and nmTokens.wgsl: the matrix of which n of every m columns are kept. */
export function nm({ rows, columns, n, m, values, places }: NMForm): Float64Array {
  const groups = Math.ceil(columns / m);
  const weights = new Float64Array(rows * columns);
  values.forEach((value, e) => {
    if (value === 0) return;
    const row = Math.floor(e / (groups * n));
    const group = Math.floor(e / n) % groups;
    weights[row * columns + group * m + places[e]!]! += value;
  });
  return weights;
}
