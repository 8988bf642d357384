import { floatsToHalves, halvesToFloats } from '../../model/tensors';
import type { FloatType } from '../operator';

/** Numbers that a layer would need are beyond what their type holds: the layer can't be had in this form. */
export class BeyondRange extends Error {
  override readonly name = 'BeyondRange';
}

/** The largest number of each type. */
export const LARGEST: Readonly<Record<FloatType, number>> = { float32: 3.4028234663852886e38, float16: 65504 };

/**
 * Values as they will be stored. Throws a BeyondRange where one of them is not finite then; `what` says in its message
 * what they are: "factors".
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
