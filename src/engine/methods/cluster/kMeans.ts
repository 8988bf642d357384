import { type LongCall, Pacer } from '../../core/progress';

/** Numbers in rising order, each counted as often as its weight says. */
export interface Points {
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** Longer lists are counted into bins: to sort a hundred million numbers takes 10 s and 1.2 GB. */
const SORTED = 1 << 22;
/** A bin is 1/2^20 of the range wide: the closest of 256 values are some thousand bins apart. */
const BINS = 1 << 20;
/** The best partition is searched among this many points, and then improved on all points. */
const SEARCHED = 4096;

/**
 * The numbers of all lists together. Each distinct number is a point; where there are too many, each bin's mean is one.
 */
export async function pointsOf(
  lists: readonly { readonly length: number; read(): Promise<Float32Array> }[],
  call: LongCall = {},
): Promise<Points> {
  const pacer = new Pacer(call.signal);
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  if (total <= SORTED) {
    const all = new Float32Array(total);
    let at = 0;
    for (const list of lists) {
      all.set(await list.read(), at);
      at += list.length;
    }
    all.sort();
    return merged(Float64Array.from(all), new Float64Array(total).fill(1), (i) => all[i]!);
  }
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of lists) {
    for (const value of await list.read()) {
      if (value < lo) lo = value;
      if (value > hi) hi = value;
    }
    await pacer.breathe();
  }
  const counts = new Float64Array(BINS);
  const sums = new Float64Array(BINS);
  const perUnit = hi > lo ? BINS / (hi - lo) : 0;
  for (const list of lists) {
    for (const value of await list.read()) {
      const bin = Math.min(BINS - 1, Math.floor((value - lo) * perUnit));
      counts[bin]!++;
      sums[bin]! += value;
    }
    await pacer.breathe();
  }
  const means = sums.map((sum, bin) => (counts[bin]! > 0 ? sum / counts[bin]! : 0));
  const used = [...counts.keys()].filter((bin) => counts[bin]! > 0);
  return {
    values: Float64Array.from(used, (bin) => means[bin]!),
    weights: Float64Array.from(used, (bin) => counts[bin]!),
  };
}

/**
 * The `count` values that are nearest to the points in the least-squares sense, in rising order; fewer where there are
 * fewer points. In one dimension clusters are intervals, so dynamic programming finds the best of all partitions (Wang
 * & Song 2011). Lloyd's iterations alone would depend on random starting values. The search takes at most 4096 points,
 * into which the others are merged; Lloyd's iterations on all points then run until nothing changes. O(count·points·log
 * points) with points ≤ 4096, then O(count·log points) an iteration.
 */
export async function kMeans(points: Points, count: number, call: LongCall = {}): Promise<Float64Array> {
  const { values } = points;
  if (values.length <= count) return values.slice();
  const [lo, width] = [values[0]!, values.at(-1)! - values[0]!];
  const bin = (i: number) => Math.min(SEARCHED - 1, Math.floor(((values[i]! - lo) / width) * SEARCHED));
  const few = values.length <= SEARCHED ? points : merged(values, points.weights, bin);
  // Where so many numbers are alike that all others share a few bins, every point between the edges of those bins
  // counts.
  const searched = few.values.length <= count ? evenly(points) : few;
  const centres = await bestPartition(searched, Math.min(count, searched.values.length), new Pacer(call.signal));
  return perfected(points, centres);
}

/** Points with the same key become one point at their mean. Keys rise with the values. */
function merged(values: Float64Array, weights: Float64Array, key: (i: number) => number): Points {
  const [means, totals]: [number[], number[]] = [[], []];
  for (let i = 0; i < values.length; ) {
    const same = key(i);
    let [weight, offset] = [0, 0];
    const from = values[i]!;
    for (; i < values.length && key(i) === same; i++) {
      weight += weights[i]!;
      offset += weights[i]! * (values[i]! - from);
    }
    means.push(from + offset / weight);
    totals.push(weight);
  }
  return { values: Float64Array.from(means), weights: Float64Array.from(totals) };
}

/** At most 4096 points, each of which stands for equally many others. */
function evenly({ values, weights }: Points): Points {
  const each = values.length / SEARCHED;
  return merged(values, weights, (i) => Math.floor(i / each));
}

/** Sums over the first i points of weight, weighted value and weighted square, relative to the middle of the range. */
class Sums {
  readonly #weight: Float64Array;
  readonly #value: Float64Array;
  readonly #square: Float64Array;
  readonly #middle: number;

  constructor({ values, weights }: Points) {
    const size = values.length;
    this.#middle = (values[0]! + values[size - 1]!) / 2;
    [this.#weight, this.#value, this.#square] = [0, 1, 2].map(() => new Float64Array(size + 1)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let i = 0; i < size; i++) {
      const offset = values[i]! - this.#middle;
      this.#weight[i + 1] = this.#weight[i]! + weights[i]!;
      this.#value[i + 1] = this.#value[i]! + weights[i]! * offset;
      this.#square[i + 1] = this.#square[i]! + weights[i]! * offset ** 2;
    }
  }

  mean(from: number, to: number): number {
    return this.#middle + (this.#value[to]! - this.#value[from]!) / (this.#weight[to]! - this.#weight[from]!);
  }

  /** Σ weight·(value − mean)² of points `from` to `to`. */
  spread(from: number, to: number): number {
    const value = this.#value[to]! - this.#value[from]!;
    const weight = this.#weight[to]! - this.#weight[from]!;
    return Math.max(0, this.#square[to]! - this.#square[from]! - (value * value) / weight);
  }
}

async function bestPartition(points: Points, count: number, pacer: Pacer): Promise<Float64Array> {
  const sums = new Sums(points);
  const size = points.values.length;
  // least[i]: the smallest spread of the first i points in the clusters so far; starts[i]: where the last cluster
  // begins.
  let least = Float64Array.from({ length: size + 1 }, (_, i) => (i === 0 ? 0 : sums.spread(0, i)));
  const starts = Array.from({ length: count }, () => new Uint16Array(size + 1));
  for (let k = 1; k < count; k++) {
    const before = least;
    const now = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
    const start = starts[k]!;
    // The best start rises with i, so the start found for the middle bounds those on either side.
    const fill = (from: number, to: number, low: number, high: number): void => {
      if (from > to) return;
      const i = (from + to) >> 1;
      for (let j = Math.max(k, low); j <= Math.min(i - 1, high); j++) {
        const spread = before[j]! + sums.spread(j, i);
        if (spread < now[i]!) [now[i], start[i]] = [spread, j];
      }
      fill(from, i - 1, low, start[i]!);
      fill(i + 1, to, start[i]!, high);
    };
    fill(k + 1, size, k, size - 1);
    least = now;
    await pacer.breathe();
  }
  const centres = new Float64Array(count);
  for (let k = count - 1, end = size; k >= 0; k--) {
    const from = k === 0 ? 0 : starts[k]![end]!;
    centres[k] = sums.mean(from, end);
    end = from;
  }
  return centres;
}

/** Lloyd's iterations until no point changes its cluster. */
function perfected(points: Points, centres: Float64Array): Float64Array {
  const { values } = points;
  const sums = new Sums(points);
  let edges: number[] = [];
  for (;;) {
    const now = Array.from(centres.subarray(1), (centre, k) => firstAbove(values, (centres[k]! + centre) / 2));
    if (now.every((edge, k) => edge === edges[k])) return centres;
    edges = now;
    for (let k = 0; k < centres.length; k++) {
      const [from, to] = [edges[k - 1] ?? 0, edges[k] ?? values.length];
      if (to > from) centres[k] = sums.mean(from, to);
    }
  }
}

/** How many of the rising `values` are at most `limit`. */
export function firstAbove(values: Float64Array, limit: number): number {
  let [from, to] = [0, values.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle]! <= limit) from = middle + 1;
    else to = middle;
  }
  return from;
}
