import { largestMagnitude, scaled } from '../linalg/scaling';
import type { FloatType } from './operator';

/** Magnitudes that the largest number of a factor may have, for the smaller ones to keep their digits. */
const COMFORTABLE: Readonly<Record<FloatType, readonly [least: number, most: number]>> = {
  float32: [2 ** -60, 2 ** 60],
  float16: [2 ** -9, 2 ** 14],
};

/**
 * The parts of a product of matrices times powers of two whose product is 2^exponent: all of it in part `at`, where that
 * leaves all parts in the range that their type holds well, else so that their largest numbers are about the same.
 */
export function spread(
  parts: readonly Float32Array<ArrayBuffer>[],
  exponent: number,
  type: FloatType,
  at: number,
): Float32Array<ArrayBuffer>[] {
  const largest = parts.map(largestMagnitude);
  const [least, most] = COMFORTABLE[type];
  const inOne = parts.map((_, k) => (k === at ? exponent : 0));
  const fits = largest.every((value, k) => value * 2 ** inOne[k]! >= least && value * 2 ** inOne[k]! <= most);
  // What is zero has no range, and what is not finite none that could be mended.
  const balanced = fits || !largest.every((value) => value > 0 && value < Number.POSITIVE_INFINITY);
  const exponents = balanced ? inOne : evened(largest.map(Math.log2), exponent, at);
  return parts.map((part, k) => scaled(part, 2 ** exponents[k]!));
}

/** Whole numbers that add up to `exponent` and, added to `sizes`, make them as equal as can be. */
function evened(sizes: readonly number[], exponent: number, at: number): number[] {
  const mean = (sizes.reduce((sum, size) => sum + size, 0) + exponent) / sizes.length;
  const exponents = sizes.map((size) => Math.round(mean - size));
  exponents[at]! += exponent - exponents.reduce((sum, each) => sum + each, 0);
  return exponents;
}
