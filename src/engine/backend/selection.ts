import type { LongCall } from '../core/progress';

/**
 * Which weights to keep: what pruning asks of a hundred million weights. No
 * sorting: thresholds are found digit by digit from counts over the floats' bits, so that they are exact. Both backends
 * give the same bits: equal magnitudes are kept in the order of their places, the lowest first.
 *
 * Values are float32, row-major, of any sign; a score that isn't a magnitude must be free of negative numbers. Masks
 * hold one bit per value, the lowest first; each row of a matrix begins a new 32-bit word, a list is one row. Every call
 * lets the event loop turn, and throws the signal's AbortError.
 */
export interface Selection {
  /**
   * The threshold that keeps the `keep` largest magnitudes of all lists together: of a matrix, or of a whole model.
   * Each list is read three times and let go in between, so that only one is in memory.
   * Throws a RangeError unless `keep` is a whole number from 1 to the number of values, and where one isn't finite.
   */
  largestThreshold(lists: readonly ValueList[], keep: number, call?: LongCall): Promise<Threshold>;

  /** The mask of what `threshold` keeps of one of its lists. Lists are asked for in order, each with the `rest` before. */
  thresholdMask(values: Float32Array, threshold: Threshold, call?: LongCall): Promise<ThresholdMask>;

  /** The mask of the `keep` largest magnitudes of each row of `[rows, columns]`, `keep` from 0 on. */
  rowMask(values: Float32Array, rows: number, columns: number, keep: number, call?: LongCall): Promise<Mask>;

  /**
   * N:M: the mask of the `keep` largest magnitudes of every `size` consecutive values of a row of `[rows, columns]`; a
   * row's last group may be shorter. Throws a RangeError unless `size` is 1, 2, 4, 8, 16 or 32.
   */
  groupMask(
    values: Float32Array,
    rows: number,
    columns: number,
    keep: number,
    size: number,
    call?: LongCall,
  ): Promise<Mask>;
}

export type Mask = Uint32Array<ArrayBuffer>;

/** Values that can be read again and again, the same each time: a layer's weights, say. */
export interface ValueList {
  readonly length: number;
  read(): Float32Array | Promise<Float32Array>;
}

/** The magnitudes to keep are those above `threshold`, and the first `ties` of those that equal it. */
export interface Threshold {
  readonly threshold: number;
  readonly ties: number;
  /** How many equal it. */
  readonly equal: number;
}

export interface ThresholdMask {
  readonly mask: Mask;
  /** The threshold for the lists behind this one: fewer of the ties are left for them. */
  readonly rest: Threshold;
}

/** A digit of those magnitudes that begin with `prefix`. */
export interface Digit {
  readonly prefix: number;
  readonly prefixMask: number;
  readonly shift: number;
}

/** Digits that one pass over a list tells apart. */
export const DIGITS = 2048;
/** The three digits of a 31-bit magnitude, highest first. */
export const PASSES = [
  { shift: 20, mask: 0x7ff00000 },
  { shift: 9, mask: 0x000ffe00 },
  { shift: 0, mask: 0x000001ff },
] as const;

const FIRST_NOT_FINITE = 0x7f800000 >>> 20;

export const floatOfBits = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
export const bitsOfFloat = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/**
 * The threshold that keeps `keep` of `total` values, from counts: `count` is asked, once for each digit, how many
 * magnitudes that begin with `prefix` have each digit at `shift`. The same search for both backends.
 */
export async function searchThreshold(
  total: number,
  keep: number,
  count: (digit: Digit, pass: number) => Promise<Uint32Array>,
): Promise<Threshold> {
  if (!Number.isInteger(keep) || keep < 1 || keep > total) {
    throw new RangeError(`Of ${total} values, 1 to ${total} can be kept, not ${keep}.`);
  }
  let [prefix, prefixMask, wanted, equal] = [0, 0, keep, 0];
  for (const [pass, { shift, mask }] of PASSES.entries()) {
    const seen = await count({ prefix, prefixMask, shift }, pass);
    if (pass === 0 && seen.subarray(FIRST_NOT_FINITE).some((times) => times > 0)) {
      throw new RangeError('The weights to select from have values that are not finite.');
    }
    let digit = DIGITS - 1;
    for (; digit > 0 && seen[digit]! < wanted; digit--) wanted -= seen[digit]!;
    equal = seen[digit]!;
    prefix |= digit << shift;
    prefixMask |= mask;
  }
  return { threshold: floatOfBits(prefix), ties: wanted, equal };
}

/** Throws a RangeError where a list's values are not as many as it said. */
export async function readList(list: ValueList): Promise<Float32Array> {
  const values = await list.read();
  if (values.length !== list.length) throw new RangeError(`A list of ${list.length} values gave ${values.length}.`);
  return values;
}

export function checkShape(values: Float32Array, rows: number, columns: number): void {
  if (values.length !== rows * columns) {
    throw new RangeError(`A matrix [${rows}, ${columns}] needs ${rows * columns} values, not ${values.length}.`);
  }
}

export function checkKeep(keep: number): void {
  if (!Number.isInteger(keep) || keep < 0) throw new RangeError(`Whole numbers of values can be kept, not ${keep}.`);
}

export function checkGroupMaskSize(size: number): void {
  if (![1, 2, 4, 8, 16, 32].includes(size)) throw new RangeError(`Groups of ${size}: 1, 2, 4, 8, 16 or 32 can be had.`);
}
