import { elements } from '../operators/operator';

/** Counts of a weight's values in bins of equal width, before and after. */
export interface Histogram {
  readonly from: number;
  readonly to: number;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** At most 256 × 256: each entry the root mean square of the block of weights that it covers, so that signs can't cancel. */
export interface HeatMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  /** Rows and columns of the weight under one entry. */
  readonly block: readonly [rows: number, columns: number];
}

/** What a method did, as it is best seen. */
export type StepPicture =
  /** The share of each block that is not zero. */
  | { readonly kind: 'mask'; readonly map: HeatMap; readonly zeros: number; readonly of: number }
  /** The weights that share a scale with the largest one, before and after, from the smallest on; `rms`: of these. */
  | {
      readonly kind: 'grid';
      readonly row: number;
      readonly before: Float32Array;
      readonly after: Float32Array;
      readonly levels: number;
      readonly rms: number;
    }
  /** The Schmidt spectrum of each cut between sites, before any truncation; `effective` = e^S, `kept`: the bond. */
  | {
      readonly kind: 'bonds';
      readonly cuts: readonly { readonly values: Float64Array; readonly effective: number; readonly kept: number }[];
    }
  /** How many weights share each distinct value, most used first; at most 256 of them. */
  | { readonly kind: 'slots'; readonly counts: readonly number[]; readonly distinct: number; readonly of: number };

/** By method: what of it is to be seen in the values. Spectra are no matter of the result: the page has one
 * of them, `preview.ts` measures the other. */
const KINDS: Readonly<Record<string, 'mask' | 'grid' | 'slots'>> = {
  prune: 'mask',
  quantize: 'grid',
  cluster: 'slots',
  share: 'slots',
};

/** The picture of one step from the values before and after it; null where the method has none, or nothing changed. */
export function pictureOf(
  method: string,
  form: string,
  before: Float32Array,
  after: Float32Array,
  shape: readonly number[],
): StepPicture | null {
  if (before === after || before.length !== after.length) return null;
  switch (KINDS[method]) {
    case 'mask':
      return maskOf(after, shape);
    case 'grid':
      return gridOf(before, after, shape, groupIn(form));
    case 'slots':
      return slotsOf(after);
    default:
      return null;
  }
}

const BINS = 81;

/** Over the range of both, which is symmetric about 0, with 0 in the middle of a bin. */
export function histogramOf(before: Float32Array, after: Float32Array): Histogram {
  const most = largest(before, largest(after, 0)) || 1;
  const count = (values: Float32Array) => {
    const counts = new Array<number>(BINS).fill(0);
    for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value / most + 1) / 2) * BINS))]! += 1;
    return counts;
  };
  return { from: -most, to: most, before: count(before), after: count(after) };
}

const LARGEST = 256;

/** A weight [out, …] as a picture: a row is an output. */
export function heatMapOf(values: Float32Array, shape: readonly number[], most = LARGEST): HeatMap {
  return blocks(
    values,
    shape,
    most,
    (value) => value * value,
    (sum, count) => Math.sqrt(sum / count),
  );
}

function maskOf(values: Float32Array, shape: readonly number[]): StepPicture {
  const map = blocks(
    values,
    shape,
    LARGEST,
    (value) => Number(value !== 0),
    (sum, count) => sum / count,
  );
  let zeros = 0;
  for (const value of values) if (value === 0) zeros++;
  return { kind: 'mask', map, zeros, of: values.length };
}

function blocks(
  values: Float32Array,
  [height, ...rest]: readonly number[],
  most: number,
  each: (value: number) => number,
  finish: (sum: number, count: number) => number,
): HeatMap {
  const width = elements(rest);
  const [tall, wide] = [Math.ceil(height! / most), Math.ceil(width / most)];
  const [rows, columns] = [Math.ceil(height! / tall), Math.ceil(width / wide)];
  const sums = new Float64Array(rows * columns);
  for (let i = 0; i < height!; i++) {
    const row = Math.floor(i / tall) * columns;
    for (let j = 0; j < width; j++) sums[row + Math.floor(j / wide)]! += each(values[i * width + j]!);
  }
  const shown = Float32Array.from(sums, (sum, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const covered = Math.min(tall, height! - row * tall) * Math.min(wide, width - column * wide);
    return finish(sum, covered);
  });
  return { rows, columns, values: shown, block: [tall, wide] };
}

/** Weights of a row that share a scale, as the form of a quantised weight tells it; without a number, the whole row. */
const groupIn = (form: string): number => Number(/groups of (\d+)/.exec(form)?.[1] ?? Number.POSITIVE_INFINITY);

/** Dots that a small chart can hold. */
const MOST_DOTS = 400;

function gridOf(before: Float32Array, after: Float32Array, [height]: readonly number[], group: number): StepPicture {
  const width = before.length / height!;
  let at = 0;
  for (let i = 0; i < before.length; i++) if (Math.abs(before[i]!) > Math.abs(before[at]!)) at = i;
  const row = Math.floor(at / width);
  const from = row * width + (Number.isFinite(group) ? group * Math.floor((at % width) / group) : 0);
  const to = Math.min(from + group, (row + 1) * width);
  const [was, is] = [before.subarray(from, to), after.subarray(from, to)];
  const order = Array.from(was.keys()).sort((a, b) => was[a]! - was[b]!);
  // Evenly by rank, both ends included: outliers stand at the ends.
  const count = Math.min(MOST_DOTS, was.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => order[Math.round((i * (was.length - 1)) / Math.max(1, count - 1))]!,
  );
  return {
    kind: 'grid',
    row,
    before: Float32Array.from(chosen, (i) => was[i]!),
    after: Float32Array.from(chosen, (i) => is[i]!),
    levels: new Set(is).size,
    rms: Math.sqrt(was.reduce((sum, value) => sum + value * value, 0) / was.length),
  };
}

const MOST_SLOTS = 256;

function slotsOf(values: Float32Array): StepPicture {
  const sorted = values.toSorted();
  const counts: number[] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[from]) continue;
    counts.push(i - from);
    from = i;
  }
  counts.sort((a, b) => b - a);
  return { kind: 'slots', counts: counts.slice(0, MOST_SLOTS), distinct: counts.length, of: values.length };
}

function largest(values: Float32Array, least: number): number {
  let most = least;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
