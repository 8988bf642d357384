/** Counts of a weight's values in bins of equal width, before and after. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const BINS = 81;

/** Over the range of both, which is symmetric about 0; 0 is in the middle of a bin. */
export function histogramOf(before: Float32Array, after: Float32Array): Histogram {
  const most = largest(before, largest(after, 0)) || 1;
  const count = (values: Float32Array) => {
    const counts = new Array<number>(BINS).fill(0);
    for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value / most + 1) / 2) * BINS))]! += 1;
    return counts;
  };
  return { from: -most, to: most, before: count(before), after: count(after) };
}

function largest(values: Float32Array, least: number): number {
  let most = least;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
