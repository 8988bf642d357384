import type { Estimated } from '../core/estimated';
import type { SampleSums } from './sampleSums';

/** Within these bounds lies what infinitely many such samples would give, with a confidence of 95 %. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How a value is computed from a mean: perplexity is e to the mean cross-entropy. */
export interface Transform {
  of(mean: number): number;
  /** The derivative of `of`. */
  slope(mean: number): number;
}

export const IDENTITY: Transform = { of: (mean) => mean, slope: () => 1 };

/** A value with what each sample contributes to its error: the derivative of the value by the sample's share of the data. */
export interface Influences {
  readonly value: number;
  /** By the number of the sample; their sum is 0. */
  readonly bySample: ReadonlyMap<number, number>;
}

/** Of the value that a mean Σx/Σw gives: f′(m)·(xᵢ − m·wᵢ)/Σw, the linearisation of a ratio of sums. */
export function influencesOf(sums: SampleSums, { of, slope }: Transform = IDENTITY): Influences {
  const { mean, weight, samples } = sums;
  const scale = slope(mean) / weight;
  return {
    value: of(mean),
    bySample: new Map(
      samples.map((sample) => [sample, scale * (sums.sumOf(sample) - mean * sums.weightOf(sample)) || 0]),
    ),
  };
}

/** The mean of several values of the same samples, such as one for each output. */
export function meanOf(values: readonly Influences[]): Influences {
  const bySample = new Map<number, number>();
  for (const value of values)
    for (const [sample, part] of value.bySample)
      bySample.set(sample, (bySample.get(sample) ?? 0) + part / values.length);
  return { value: values.reduce((sum, { value }) => sum + value, 0) / values.length, bySample };
}

/**
 * The value with its standard error: √(n/(n−1)·Σ cᵢ²) over the contributions of n samples, each of which stays whole.
 * This is the clustered ("sandwich") standard error of a mean over positions.
 */
export function estimated({ value, bySample }: Influences): Estimated {
  const n = bySample.size;
  if (n < 2) return { mean: value };
  let squares = 0;
  for (const part of bySample.values()) squares += part * part;
  return { mean: value, standardError: Math.sqrt((n / (n - 1)) * squares) };
}

/** The interval of a value; undefined where one sample alone was measured. */
export function intervalOf(influences: Influences): Interval | undefined {
  const { mean, standardError } = estimated(influences);
  if (standardError === undefined) return undefined;
  const reach = student(influences.bySample.size - 1) * standardError;
  return { low: mean - reach, high: mean + reach };
}

/** The interval of what a mean gives: of the mean itself, its ends transformed. */
export function meanInterval(sums: SampleSums, { of }: Transform = IDENTITY): Interval | undefined {
  const interval = intervalOf(influencesOf(sums));
  if (!interval) return undefined;
  const ends = [of(interval.low), of(interval.high)];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

/**
 * The interval of a share of positions, by Agresti and Coull (1998): two positions more on either side keep it from
 * shrinking to nothing where all or none are right. The variance is that between samples.
 */
export function shareInterval(sums: SampleSums): Interval | undefined {
  const { samples } = sums;
  const n = samples.length;
  if (n < 2) return undefined;
  const positions = sums.weight + 4;
  const share = (sums.sum + 2) / positions;
  const added = 2 * share ** 2 + 2 * (1 - share) ** 2;
  const reach = student(n - 1) * (spreadAbout(sums, share, added) / positions);
  return { low: Math.max(0, share - reach), high: Math.min(1, share + reach) };
}

/** How much larger the second of two paired values is. */
export interface Difference extends Interval, Estimated {
  readonly standardError: number;
}

/**
 * The difference of two means on the same samples, paired by sample: what both find hard cancels out. Undefined for one
 * sample.
 */
export function pairedDifference(before: SampleSums, after: SampleSums): Difference | undefined {
  const influences = influencesOf(after.minus(before));
  const interval = intervalOf(influences);
  const { mean, standardError } = estimated(influences);
  return interval && { mean, standardError: standardError!, ...interval };
}

/**
 * The difference of two shares on the same positions, by Agresti and Min (2005): half a position more that got right
 * and half a one that got wrong, so that a few changes are not taken for certain.
 */
export function pairedShareDifference(before: SampleSums, after: SampleSums): Difference | undefined {
  const change = after.minus(before);
  const n = change.samples.length;
  if (n < 2) return undefined;
  const positions = change.weight + 2;
  const middle = change.sum / positions;
  const added = 0.5 * (1 - middle) ** 2 + 0.5 * (1 + middle) ** 2 + middle ** 2;
  const standardError = spreadAbout(change, middle, added) / positions;
  const reach = student(n - 1) * standardError;
  return { mean: change.mean, standardError, low: middle - reach, high: middle + reach };
}

/** √(n/(n−1)·Σ(xᵢ − m·wᵢ)² + added): of the sum over samples. */
function spreadAbout(sums: SampleSums, mean: number, added: number): number {
  const { samples } = sums;
  let squares = 0;
  for (const sample of samples) squares += (sums.sumOf(sample) - mean * sums.weightOf(sample)) ** 2;
  return Math.sqrt((samples.length / (samples.length - 1)) * squares + added);
}

/** The difference after a change of scale: relative ones are exp(Δ) − 1 of a difference of logarithms. */
export function transformed(difference: Difference, { of, slope }: Transform): Difference {
  const { mean, standardError, low, high } = difference;
  return { mean: of(mean), standardError: Math.abs(slope(mean)) * standardError, low: of(low), high: of(high) };
}

/** Whether a difference may be none at all. */
export const mayBeNone = ({ low, high }: Interval): boolean => low <= 0 && high >= 0;

const FEW = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306];

/**
 * The 97.5th percentile of Student's distribution: a table for few degrees of freedom, then the expansion in 1/ν of
 * Abramowitz and Stegun, 26.7.5.
 */
export function student(freedom: number): number {
  if (freedom <= FEW.length) return FEW[freedom - 1] ?? Number.POSITIVE_INFINITY;
  const z = 1.959963985;
  return (
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  );
}
