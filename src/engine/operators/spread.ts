import { largestMagnitude, scaled } from '../linalg/scaling';
import type { FloatType } from './operator';

/** Range for the largest number of a factor, such that smaller numbers keep their digits. */
const COMFORTABLE: Readonly<Record<FloatType, readonly [least: number, most: number]>> = {
  float32: [2 ** -60, 2 ** 60],
  float16: [2 ** -9, 2 ** 14],
};

/**
 * Multiplies the parts of a product of matrices by powers of two whose product is 2^exponent. Part `at` takes all of
 * it, where all parts then lie well within the range of their type. Otherwise the parts' largest numbers are made about
 * equal.
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
  // Zeros have no range, and numbers that are not finite cannot be mended.
  const balanced = fits || !largest.every((value) => value > 0 && value < Number.POSITIVE_INFINITY);
  const exponents = balanced ? inOne : evened(largest.map(Math.log2), exponent, at);
  return parts.map((part, k) => scaled(part, 2 ** exponents[k]!));
}

/** Whole numbers with the sum `exponent` that make `sizes` as equal as possible when they are added to them. */
function evened(sizes: readonly number[], exponent: number, at: number): number[] {
  const mean = (sizes.reduce((sum, size) => sum + size, 0) + exponent) / sizes.length;
  const exponents = sizes.map((size) => Math.round(mean - size));
  exponents[at]! += exponent - exponents.reduce((sum, each) => sum + each, 0);
  return exponents;
}
