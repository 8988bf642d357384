import { floatsToHalves, halvesToFloats } from '../../model/tensors';
import type { FloatType } from '../operator';

/** The layer would need numbers beyond the range of their type, so it cannot have this form. */
export class BeyondRange extends Error {
  override readonly name = 'BeyondRange';
}

/** The largest number of each type. */
export const LARGEST: Readonly<Record<FloatType, number>> = { float32: 3.4028234663852886e38, float16: 65504 };

/**
 * Rounds values to the type that stores them. Throws a BeyondRange where a result is not finite; the message calls the
 * values `what`, for example "factors".
 */
export function roundedTo(values: Float32Array<ArrayBuffer>, type: FloatType, what: string): Float32Array<ArrayBuffer> {
  const held = type === 'float32' ? values : halvesToFloats(floatsToHalves(values));
  for (let i = 0; i < held.length; i++) {
    if (!Number.isFinite(held[i]!)) {
      throw new BeyondRange(
        `its ${what} would need larger numbers than ${type} has, which ends at ${LARGEST[type].toPrecision(5)}`,
      );
    }
  }
  return held;
}
