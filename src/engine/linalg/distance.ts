/** ‖A−B‖/‖W‖ in the Frobenius norm, summed in float64; 0 for a zero weight, not finite where A or B is not. */
export function relativeDistance(a: Float32Array, b: Float32Array, weight: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += weight[i]! ** 2;
  }
  return norm === 0 && difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** An output counts as lost where what stands for its weights errs by as much as zeros in their place would. */
const LOST = 0.99;

/**
 * Rows of W [rows, …], the weights of one output each, that are not zero and of which `now` keeps nothing. The error of a
 * whole weight doesn't show them where their numbers are much smaller than those of other rows.
 */
export function lostRows(weight: Float32Array, now: Float32Array, rows: number): number {
  const columns = weight.length / rows;
  let lost = 0;
  for (let row = 0; row < rows; row++) {
    let difference = 0;
    let norm = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      difference += (weight[i]! - now[i]!) ** 2;
      norm += weight[i]! ** 2;
    }
    if (norm > 0 && difference >= LOST ** 2 * norm) lost++;
  }
  return lost;
}

/** ‖W‖ in the Frobenius norm, summed in float64. */
export const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
