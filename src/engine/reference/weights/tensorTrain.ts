import type { TensorTrainForm } from '../../weightForm';

/**
 * Twin of tensorSite.wgsl, contracted: the matrix that the cores make up. `entry` is applied to each entry of a core
 * first: the magnitudes of the terms are the train of the cores' magnitudes.
 */
export function tensorTrain(form: TensorTrainForm, entry: (value: number) => number = (value) => value): Float64Array {
  const { out, in: into, bonds, cores } = form;
  // [rows so far, columns so far, bond]
  let matrix = Float64Array.of(1);
  let [rows, columns, bond] = [1, 1, 1];
  cores.forEach((core, k) => {
    const [m, n, right] = [out[k]!, into[k]!, bonds[k] ?? 1];
    const next = new Float64Array(rows * m * columns * n * right);
    for (let row = 0; row < rows * m; row++) {
      for (let column = 0; column < columns * n; column++) {
        const from = (Math.floor(row / m) * columns + Math.floor(column / n)) * bond;
        for (let b = 0; b < right; b++) {
          let sum = 0;
          for (let a = 0; a < bond; a++) {
            sum += matrix[from + a]! * entry(core[((a * m + (row % m)) * n + (column % n)) * right + b]!);
          }
          next[(row * columns * n + column) * right + b] = sum;
        }
      }
    }
    matrix = next;
    [rows, columns, bond] = [rows * m, columns * n, right];
  });
  return matrix;
}
