import { transpose } from '../linalg/transpose';
import type { Multiply } from './product';

/**
 * What calibration keeps of the inputs X [samples, size] of a weight [out, in, …kernel]. `size` is in·taps. A
 * convolution's input is unfolded, with neighbouring taps next to each other. Each operator computes from them the
 * statistics of its children's inputs.
 */
export interface InputStatistics {
  readonly size: number;
  /** Rows of X: tokens, or positions of a convolution's output. */
  readonly samples: number;
  /** Mean of x² per input. */
  readonly meanSquare: Float64Array;
  /** Mean of |x| per input. */
  readonly meanAbs: Float64Array;
  /** The largest |x| per input; absent where it was not observed. */
  readonly largest?: Float64Array;
  /** H = XᵀX, [size, size]. Each call reads it again from where it is kept. */
  gram(): Promise<Float64Array<ArrayBuffer>>;
}

/**
 * The widest input for which H = XᵀX is kept. It suffices for a 3×3 convolution over 512 channels, and for the 4096
 * inputs of BERT-large's feed-forward layers. At 4608 inputs H takes 170 MB in float64 while it is summed, half of that
 * again in the runtime, 42 MB when it is stored, and 4608² multiply-adds a sample.
 */
export const LARGEST_GRAM = 4608;

/** Statistics computed from H alone. The mean of |x| is that of a normal distribution, √(2/π)·√mean x². */
export function fromGram(gram: Float64Array<ArrayBuffer>, size: number, samples: number): InputStatistics {
  const meanSquare = Float64Array.from({ length: size }, (_, i) => gram[i * size + i]! / Math.max(1, samples));
  return {
    size,
    samples,
    meanSquare,
    meanAbs: meanSquare.map((value) => Math.sqrt((2 / Math.PI) * Math.max(0, value))),
    gram: async () => gram,
  };
}

/** Statistics of X·Bᵀ for B [rows, size]: H becomes B·H·Bᵀ. */
export async function through(
  input: InputStatistics,
  b: Float32Array,
  rows: number,
  multiply: Multiply,
): Promise<InputStatistics> {
  const gram = await input.gram();
  return fromGram(await congruence(gram, b, rows, input.size, multiply), rows, input.samples);
}

/** H scaled for float32 products: `values` = S·H·S with S of powers of two. Its diagonal lies in [1, 4), or is 0. */
export interface Equilibrated {
  readonly values: Float32Array<ArrayBuffer>;
  /** The diagonal of S. */
  readonly scales: Float64Array;
}

/** The diagonal of S for H [size, size]. It is 1 where the diagonal of H is 0 or not finite. */
export const scalesOf = (gram: Float64Array, size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => {
    const diagonal = gram[i * size + i]!;
    return diagonal > 0 && diagonal < Number.POSITIVE_INFINITY ? 2 ** -Math.floor(Math.log2(diagonal) / 2) : 1;
  });

/** Scales H by powers of two. That is exact, and keeps digits that float32 would lose. */
export function equilibrated(gram: Float64Array, size: number): Equilibrated {
  const scales = scalesOf(gram, size);
  const values = new Float32Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j < size; j++, at++) values[at] = gram[at]! * scales[i]! * scales[j]!;
  }
  return { values, scales };
}

/** A [rows, size] scaled to match a scaled H: β·A·S⁻¹, with a power of two β that brings the largest entry near 1. */
export function inUnitsOf(
  a: Float32Array,
  { scales }: Equilibrated,
): { readonly values: Float32Array<ArrayBuffer>; readonly beta: number } {
  const size = scales.length;
  let largest = 0;
  for (let at = 0, j = 0; at < a.length; at++, j = j + 1 === size ? 0 : j + 1) {
    const magnitude = Math.abs(a[at]!) / scales[j]!;
    if (magnitude > largest) largest = magnitude;
  }
  const beta = largest > 0 && largest < Number.POSITIVE_INFINITY ? 2 ** -Math.ceil(Math.log2(largest)) : 1;
  const values = new Float32Array(a.length);
  for (let at = 0, j = 0; at < a.length; at++, j = j + 1 === size ? 0 : j + 1)
    values[at] = (a[at]! / scales[j]!) * beta;
  return { values, beta };
}

/**
 * B·H·Bᵀ by float32 products, scaled so that they neither overflow nor vanish. For `b` [rows, parts, size] it is summed
 * over the parts.
 */
export async function congruence(
  gram: Float64Array,
  b: Float32Array,
  rows: number,
  size: number,
  multiply: Multiply,
): Promise<Float64Array<ArrayBuffer>> {
  const balanced = equilibrated(gram, size);
  const { values, beta } = inUnitsOf(b, balanced);
  const half = await multiply(values, balanced.values, b.length / size, size, size);
  const wide = b.length / rows;
  const whole = await multiply(half, transpose(values, rows, wide), rows, wide, rows);
  return Float64Array.from(whole, (value) => value / beta / beta);
}

/** Statistics of X·diag(d). */
export function scaledBy(input: InputStatistics, d: Float32Array): InputStatistics {
  const { size } = input;
  return {
    size,
    samples: input.samples,
    meanSquare: input.meanSquare.map((value, i) => value * d[i]! ** 2),
    meanAbs: input.meanAbs.map((value, i) => value * Math.abs(d[i]!)),
    ...(input.largest && { largest: input.largest.map((value, i) => value * Math.abs(d[i]!)) }),
    async gram() {
      const gram = await input.gram();
      return gram.map((value, at) => value * d[Math.floor(at / size)]! * d[at % size]!);
    },
  };
}

/** Statistics of some of X's columns, in the order of `columns`. */
export function selected(input: InputStatistics, columns: ArrayLike<number>): InputStatistics {
  const { length: size } = columns;
  const pick = (values: Float64Array) => Float64Array.from(columns, (column) => values[column]!);
  return {
    size,
    samples: input.samples,
    meanSquare: pick(input.meanSquare),
    meanAbs: pick(input.meanAbs),
    ...(input.largest && { largest: pick(input.largest) }),
    async gram() {
      const gram = await input.gram();
      const chosen = new Float64Array(size * size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) chosen[i * size + j] = gram[columns[i]! * input.size + columns[j]!]!;
      }
      return chosen;
    },
  };
}
