/**
 * Rows of a model's output as distributions over classes. Models end in logits, log-probabilities or probabilities;
 * softmax turns the first two into the third, and would flatten the third, so it has to be recognised.
 */

/** Index of the largest entry, the first among equals. */
export function argmax(values: ArrayLike<number>, start: number, width: number): number {
  let best = start;
  for (let i = start + 1; i < start + width; i++) if (values[i] > values[best]) best = i;
  return best - start;
}

/** log Σ exp(v), shifted by the largest value so that nothing overflows. −∞ for a row of −∞. */
export function logSumExp(values: ArrayLike<number>, start: number, width: number): number {
  const largest = values[start + argmax(values, start, width)];
  if (largest === Number.NEGATIVE_INFINITY) return largest;
  let sum = 0;
  for (let i = start; i < start + width; i++) sum += Math.exp(values[i] - largest);
  return largest + Math.log(sum);
}

/** Whether a row is ≥ 0 and sums to 1, to what a float16 softmax over some thousand classes is off by. */
export function isDistribution(values: ArrayLike<number>, start: number, width: number): boolean {
  let sum = 0;
  for (let i = start; i < start + width; i++) {
    if (!(values[i] >= 0)) return false;
    sum += values[i];
  }
  return Math.abs(sum - 1) <= 1e-2;
}

/** Whether a row holds the logarithms of a distribution. */
export function isLogDistribution(values: ArrayLike<number>, start: number, width: number): boolean {
  for (let i = start; i < start + width; i++) if (!(values[i] <= 0)) return false;
  return Math.abs(logSumExp(values, start, width)) <= 1e-2;
}

/** KL(p ‖ q) in nats, p and q the softmax of two rows of logits. Equal rows give exactly 0. */
export function klOfLogits(a: ArrayLike<number>, b: ArrayLike<number>, start: number, width: number): number {
  const offsetA = logSumExp(a, start, width);
  const offsetB = logSumExp(b, start, width);
  let kl = 0;
  for (let i = start; i < start + width; i++) {
    const logP = a[i] - offsetA;
    if (logP > Number.NEGATIVE_INFINITY) kl += Math.exp(logP) * (logP - (b[i] - offsetB));
  }
  // KL is never negative; the sum can be, by rounding, where the rows are nearly equal.
  return Math.max(0, kl);
}

/** The smallest normal float32: a softmax in float32 underflows to 0 below it, and log 0 would make KL infinite. */
const SMALLEST = 2 ** -126;

export const logProbability = (probability: number): number => Math.log(Math.max(probability, SMALLEST));

/** KL(p ‖ q) in nats of two rows of probabilities; those of q are taken as 2⁻¹²⁶ at least. */
export function klOfProbabilities(p: ArrayLike<number>, q: ArrayLike<number>, start: number, width: number): number {
  let kl = 0;
  for (let i = start; i < start + width; i++) {
    if (p[i] > 0) kl += p[i] * (logProbability(p[i]) - logProbability(q[i]));
  }
  return Math.max(0, kl);
}
