import { transpose } from '../linalg/transpose';
import type { Multiply } from './product';

/**
 * What calibration keeps of the inputs X [samples, size] of a weight [out, in, …kernel]; `size` is its in·taps, a
 * convolution's input being unfolded with the taps fastest. Every operator hands it on to its children.
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
  /** H = XᵀX, [size, size]; read from where it is kept, so ask for it once. */
  gram(): Promise<Float64Array<ArrayBuffer>>;
}

/**
 * Widest input whose H = XᵀX is kept, in values per row: a 3×3 convolution over 512 channels, and more than the 4096 of
 * BERT-large's feed-forward layers. At 4608 H takes 170 MB in float64 while it is summed up, half of that again in the
 * runtime, 42 MB once it is put away, and 4608² multiply-adds a row.
 */
export const LARGEST_GRAM = 4608;

/** Statistics that follow from H alone. Mean |x| is taken for that of a normal distribution, √(2/π)·√mean x². */
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

/** H as float32 products can take it: `values` = S·H·S, whose diagonal lies in [1, 4) or is 0, S of powers of two. */
export interface Equilibrated {
  readonly values: Float32Array<ArrayBuffer>;
  /** The diagonal of S. */
  readonly scales: Float64Array;
}

/** The diagonal of S for H [size, size]; 1 where H has none that is finite. */
export const scalesOf = (gram: Float64Array, size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => {
    const diagonal = gram[i * size + i]!;
    return diagonal > 0 && diagonal < Number.POSITIVE_INFINITY ? 2 ** -Math.floor(Math.log2(diagonal) / 2) : 1;
  });

/** Powers of two are exact, so that this changes no digit of H but where float32 would have lost it. */
export function equilibrated(gram: Float64Array, size: number): Equilibrated {
  const scales = scalesOf(gram, size);
  const values = new Float32Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j < size; j++, at++) values[at] = gram[at]! * scales[i]! * scales[j]!;
  }
  return { values, scales };
}

/** A [rows, size] in the units of an equilibrated H: β·A·S⁻¹, with a power of two β that brings its largest entry near 1. */
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
 * B·H·Bᵀ in float32 products of what is scaled so that they can neither overflow nor vanish. With `b` [rows, parts, size] the
 * sum over the parts of B, which is H of all of what they make.
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
