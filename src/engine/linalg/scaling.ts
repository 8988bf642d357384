import { UserError } from '../errors';
import { floatOfBits } from '../selection';

/**
 * The power of two that brings the largest magnitude into (½, 1], exactly: squares of weights of 1e±18 then neither
 * overflow nor vanish in float32. 1 for an all-zero weight. Throws a UserError for NaN and infinities.
 */
export function powerOfTwoScale(values: Float32Array, name?: string): number {
  // Magnitudes rise as the whole numbers do that their bits are; comparing those is several times faster.
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let most = 0;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff;
    if (magnitude > most) most = magnitude;
  }
  const largest = floatOfBits(most);
  if (!Number.isFinite(largest)) {
    const weight = name === undefined ? 'The weight' : `Weight "${name}"`;
    throw new UserError(`${weight} holds NaN or infinite values; repair the model or leave this layer out.`);
  }
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}

export function scaled(values: Float32Array, scale: number): Float32Array {
  if (scale === 1) return values;
  // A loop: `map` calls back for each of some million values, which took a tenth of a large layer's host time.
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) result[i] = values[i] * scale;
  return result;
}
