import { floatOfBits } from '../backend/selection';
import { UserError } from '../core/errors';

/**
 * The power of two that brings the largest magnitude into (½, 1], exactly: squares of weights of 1e±18 then neither
 * overflow nor vanish in float32. 1 for an all-zero weight. Throws a UserError for NaN and infinities.
 */
export function powerOfTwoScale(values: Float32Array, name?: string): number {
  const largest = largestMagnitude(values);
  if (!Number.isFinite(largest)) {
    const weight = name === undefined ? 'The weight' : `Weight "${name}"`;
    throw new UserError(`${weight} holds NaN or infinite values; repair the model or leave this layer out.`);
  }
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}

export function scaled<T extends Float32Array>(values: T, scale: number): T | Float32Array<ArrayBuffer> {
  if (scale === 1) return values;
  // A loop: `map` calls back for each of some million values, which took a tenth of a large layer's host time.
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = values[i] * scale;
  return result;
}

/** The largest |value|; infinite or NaN where there is one that is. 0 of none. */
export function largestMagnitude(values: Float32Array): number {
  // Magnitudes rise as the whole numbers do that their bits are; comparing those is several times faster.
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let most = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff;
    if (magnitude > most) most = magnitude;
  }
  return floatOfBits(most);
}

/** Products of two matrices within these magnitudes, and sums of them, are far from both ends of float32. */
const USUAL = 2 ** 40;

/**
 * 1 for values of usual size, and `powerOfTwoScale` where float32 products with them could overflow or lose digits: GPUs
 * may take numbers below 2^−126 for zero. 1 as well where there is nothing to scale: zeros, infinities and NaN.
 */
export function unusualScale(values: Float32Array): number {
  const largest = largestMagnitude(values);
  const usual = largest === 0 || !Number.isFinite(largest) || (largest <= USUAL && largest >= 1 / USUAL);
  return usual ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}
