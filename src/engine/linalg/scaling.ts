import { UserError } from '../errors';

/**
 * The power of two that brings the largest magnitude into (½, 1], exactly: squares of weights of 1e±18 then neither
 * overflow nor vanish in float32. 1 for an all-zero weight. Throws a UserError for NaN and infinities.
 */
export function powerOfTwoScale(values: Float32Array, name?: string): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]);
    // NaN compares false both ways, so it is asked for by what it is not.
    if (!(magnitude < Number.POSITIVE_INFINITY)) {
      const weight = name === undefined ? 'The weight' : `Weight "${name}"`;
      throw new UserError(`${weight} holds NaN or infinite values; repair the model or leave this layer out.`);
    }
    if (magnitude > largest) largest = magnitude;
  }
  return largest === 0 ? 1 : 2 ** -Math.ceil(Math.log2(largest));
}

export function scaled(values: Float32Array, scale: number): Float32Array {
  return scale === 1 ? values : values.map((value) => value * scale);
}
