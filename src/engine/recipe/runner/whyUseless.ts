import { largestMagnitude } from '../../linalg/scaling';
import { roundedToHalf } from '../../model/tensors';
import { LARGEST } from '../../operators/dense/rounding';
import type { FloatType } from '../../operators/operator';

/**
 * ‖W−Ŵ‖/‖W‖ from which a step is refused. GPTQ at 2 bits reaches 1.2, with a much smaller error of the output; no
 * setting that is meant comes near this limit.
 */
const USELESS = 10;

/** Why what would stand for a weight is of no use, however small it is; undefined where it is of use. */
export function whyUseless(exact: Float32Array, now: Float32Array, error: number, type: FloatType): string | undefined {
  if (!Number.isFinite(error)) return 'what would stand for its weights is not finite: their numbers are too large';
  // A model that computes in float16 rounds the rebuilt weight to it.
  if (!Number.isFinite(type === 'float16' ? roundedToHalf(largestMagnitude(now)) : 0))
    return `what would stand for its weights is larger than ${LARGEST.float16}, where float16 ends`;
  if (error > 0 && now.every((value) => value === 0) && exact.some((value) => value !== 0))
    return 'every one of its weights would become zero: their numbers are too small for this';
  if (error > USELESS)
    return `what would stand for its weights differs from them by ${Math.round(error)} times their size`;
  return undefined;
}
