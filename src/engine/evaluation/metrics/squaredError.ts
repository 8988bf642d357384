import type { OutputPair } from './metric';

/** ‖a − b‖² of one sample, weighted by ‖a‖²: what relative errors are computed from. Where both models say −∞, they agree. */
export function squaredError({ original, compressed }: OutputPair): { sum: number; weight: number } {
  let [sum, weight] = [0, 0];
  for (let i = 0; i < original.length; i++) {
    const [x, y] = [original[i]!, compressed[i]!];
    if (x === Number.NEGATIVE_INFINITY) continue;
    sum += (x - y) ** 2;
    weight += x * x;
  }
  // Against an output that is 0 everywhere, any error is too large to be written.
  return { sum, weight: sum > 0 ? Math.max(weight, TINY) : weight };
}

const TINY = 1e-30;
