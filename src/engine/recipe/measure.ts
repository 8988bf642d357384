/** ‖A−B‖/‖W‖ in the Frobenius norm, summed in float64; 0 for a zero weight. Throws where A−B is not finite. */
export function relativeDistance(a: Float32Array, b: Float32Array, weight: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < weight.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += weight[i]! ** 2;
  }
  if (!Number.isFinite(difference)) throw new Error('What stands for a weight is not finite.');
  return norm === 0 ? 0 : Math.sqrt(difference / norm);
}

/** ‖W‖ in the Frobenius norm, summed in float64. */
export const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
