import type { Backend } from '../../backend/backend';
import { decodeQuantized } from '../../backend/codes';
import type { LongCall } from '../../core/progress';
import { Held } from '../../linalg/held';
import { LARGEST, roundedTo } from '../../operators/dense/rounding';
import type { FloatType } from '../../operators/operator';
import { equilibrated, type InputStatistics, inUnitsOf } from '../../operators/statistics';
import type { FittedForm, GridOptions } from './grid';
import { nearest } from './nearest';

const RATIOS = Array.from({ length: 20 }, (_, i) => i / 20);
/** How many evenly spread rows choose the ratio: at most 20 products [rows, columns]·[columns, columns]. */
const SAMPLE = 512;
/**
 * The smallest mean |x| that counts, relative to the largest: an input that never occurs would take the whole range.
 */
const LEAST = 1e-4;

/**
 * AWQ (Lin et al. 2024, arXiv:2306.00978): columns of W that meet large inputs are enlarged before rounding, by s =
 * mean|x|^ratio/√(max s·min s), and the inputs are divided by s. The enlarged columns use more of their group's range.
 * Of the ratios 0, .05 … .95 the one with the smallest error of the output, tr(Δ·H·Δᵀ), is taken; ratio 0 is rounding
 * to nearest.
 *
 * The inverse of s is stored as a factor of x, one multiplication a channel. The authors fold it into the norm or the
 * linear layer before, which saves that multiplication but depends on what stands there and on who else reads it. A
 * factor of its own works behind anything, and for a factor of another method too. It is rounded to `type`.
 */
export async function awq(
  backend: Backend,
  values: Float32Array,
  [rows, columns, channels]: readonly [rows: number, columns: number, channels: number],
  options: GridOptions,
  input: InputStatistics,
  type: FloatType,
  call: LongCall = {},
): Promise<{ readonly form: FittedForm; readonly inverse: Float32Array<ArrayBuffer> }> {
  const { signal, onProgress } = call;
  const taps = columns / channels;
  const magnitudes = perChannel(input.meanAbs, channels, taps);
  const coded = (of: Float32Array, inverse: Float32Array, count: number) =>
    nearest(dividedBy(of, perColumn(inverse, taps), count), count, columns, options, { signal });
  const reaches = largestOf(values, columns, channels);
  const chosen = Math.min(rows, SAMPLE);
  const sample = new Float32Array(chosen * columns);
  for (let i = 0; i < chosen; i++) {
    const row = Math.floor((i * rows) / chosen) * columns;
    sample.set(values.subarray(row, row + columns), i * columns);
  }
  let best: Float32Array<ArrayBuffer> | undefined;
  let least = Number.POSITIVE_INFINITY;
  const held = new Held(backend);
  try {
    const balanced = equilibrated(await input.gram(), columns);
    const gram = held.hold(backend.upload(balanced.values, columns, columns));
    for (const [step, ratio] of RATIOS.entries()) {
      signal?.throwIfAborted();
      const inverse = inverseScales(magnitudes, ratio, type);
      // An enlarged weight must still be a number of the type; in float16 it may overflow.
      if (reaches.some((reach, channel) => reach / inverse[channel]! > LARGEST[type])) continue;
      const weights = decodeQuantized(await coded(sample, inverse, chosen));
      const delta = differenceOf(sample, weights, perColumn(inverse, taps), chosen);
      const { values: seen, beta } = inUnitsOf(delta, balanced);
      const left = held.hold(backend.upload(seen, chosen, columns));
      const product = held.hold(await backend.multiply(left, gram));
      const error = dot(seen, await backend.download(product)) / beta / beta;
      held.free(left, product);
      if (error < least) [least, best] = [error, inverse];
      onProgress?.({ done: step + 1, total: RATIOS.length + 1, label: 'AWQ' });
    }
  } finally {
    held.freeAll();
  }
  // A product that isn't finite chooses nothing.
  const inverse = best ?? inverseScales(magnitudes, 0, type);
  return { form: await coded(values, inverse, rows), inverse };
}

function inverseScales(magnitudes: Float64Array, ratio: number, type: FloatType): Float32Array<ArrayBuffer> {
  const scales = magnitudes.map((value) => value ** ratio);
  const middle = Math.sqrt(Math.max(...scales) * Math.min(...scales));
  const inverse = Float32Array.from(scales, (scale) => middle / scale);
  return roundedTo(inverse, type, 'scales');
}

/** Repeats the value of each channel for its `taps` columns. */
function perColumn(channels: Float32Array, taps: number): Float32Array {
  if (taps === 1) return channels;
  return Float32Array.from({ length: channels.length * taps }, (_, column) => channels[Math.floor(column / taps)]!);
}

/** The largest |weight| of each channel. */
function largestOf(values: Float32Array, columns: number, channels: number): Float64Array {
  const largest = new Float64Array(channels);
  const taps = columns / channels;
  for (let at = 0; at < values.length; ) {
    for (let channel = 0; channel < channels; channel++) {
      for (let tap = 0; tap < taps; tap++, at++) largest[channel] = Math.max(largest[channel]!, Math.abs(values[at]!));
    }
  }
  return largest;
}

/** W·diag(d)⁻¹ of `rows` rows. */
function dividedBy(values: Float32Array, d: Float32Array, rows: number): Float32Array {
  const divided = new Float32Array(rows * d.length);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < d.length; j++, at++) divided[at] = values[at]! / d[j]!;
  return divided;
}

/** W − Q·diag(d) of `rows` rows. */
function differenceOf(values: Float32Array, coded: Float32Array, d: Float32Array, rows: number): Float32Array {
  const difference = new Float32Array(rows * d.length);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < d.length; j++, at++) difference[at] = values[at]! - coded[at]! * d[j]!;
  }
  return difference;
}

/** Mean |x| of each channel over its taps, none of them zero. */
function perChannel(meanAbs: Float64Array, channels: number, taps: number): Float64Array {
  const means = new Float64Array(channels);
  for (let i = 0; i < meanAbs.length; i++) means[Math.floor(i / taps)]! += meanAbs[i]! / taps;
  const largest = means.reduce((most, value) => Math.max(most, value), 0) || 1;
  return means.map((value) => Math.max(value, LEAST * largest));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
