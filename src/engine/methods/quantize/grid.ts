import type { QuantizedArrays } from '../../backend/weights';
import { roundedToHalf } from '../../model/tensors';
import type { FloatType } from '../../operators/operator';
import { pack } from '../../operators/packedCodes';

export interface GridOptions {
  readonly bits: 2 | 4 | 8;
  /** Columns that share a scale. */
  readonly blockSize: number;
  /** Symmetric: as much room on either side of zero. Otherwise from the least to the largest value, zero included. */
  readonly symmetric: boolean;
  /** What scales are stored as. */
  readonly type: FloatType;
}

/** Codes, and whether scales in float32 would serve them much better than scales in float16. */
export type FittedForm = QuantizedArrays & { readonly coarse: boolean };

/** By how much the squared error may grow with float16 scales, which take half of the bytes. */
const COARSE = 2;

/** Of each type: the least number of full precision, the distance of the numbers below it, and the largest number. */
const RANGES: Readonly<Record<FloatType, { readonly normal: number; readonly step: number; readonly most: number }>> = {
  float32: { normal: 2 ** -126, step: 2 ** -149, most: (2 - 2 ** -23) * 2 ** 127 },
  float16: { normal: 2 ** -14, step: 2 ** -24, most: 65504 },
};

/**
 * The packed codes of a matrix [rows, columns], with the scale and zero point of each group: a weight is scale·(code −
 * zero). Groups are fitted one at a time, so that a method may change weights in between. Each position gets its code
 * once.
 */
export class Grid {
  readonly blocks: number;
  readonly #codes: Uint8Array<ArrayBuffer>;
  readonly #scales: Float32Array<ArrayBuffer>;
  readonly #zeros: Uint8Array<ArrayBuffer>;
  /** Codes of a row, with the padding after the last column. */
  readonly #padded: number;
  readonly #most: number;
  /** A byte holds 2^shift codes. */
  readonly #shift: number;
  #coarse = false;

  constructor(
    private readonly rows: number,
    private readonly columns: number,
    private readonly options: GridOptions,
  ) {
    const { bits, blockSize } = options;
    this.blocks = Math.ceil(columns / blockSize);
    this.#padded = this.blocks * blockSize;
    this.#most = 2 ** bits - 1;
    this.#shift = Math.log2(8 / bits);
    this.#codes = new Uint8Array((rows * this.#padded) >> this.#shift);
    this.#scales = new Float32Array(rows * this.blocks);
    this.#zeros = new Uint8Array(rows * this.blocks).fill(2 ** (bits - 1));
  }

  /**
   * Chooses scale and zero point of a group for values[from … to). Zero is always represented exactly. A value within
   * the range is at most half a scale from its nearest code, up to the rounding of the scale itself. Symmetric codes
   * leave the lowest code out: 2 bits then represent −s, 0 and s.
   *
   * Where a scale is so small that its type holds it with less precision than usual, or not at all, the next smaller
   * and the next larger number are tried on the values, and the better one is taken. A float16 weight that small is a
   * multiple of the smallest number, which is often an exact scale for it.
   */
  fit(row: number, block: number, values: Float64Array, from: number, to: number): void {
    let [lo, hi] = [0, 0];
    for (let at = from; at < to; at++) {
      const value = values[at]!;
      if (value < lo) lo = value;
      else if (value > hi) hi = value;
    }
    const { bits, symmetric, type } = this.options;
    const exact = symmetric ? Math.max(-lo, hi) / (2 ** (bits - 1) - 1) : (hi - lo) / this.#most;
    const { normal, step, most } = RANGES[type];
    let scale = type === 'float32' ? Math.fround(exact) : roundedToHalf(exact);
    if (scale > most) {
      scale = most;
      this.#coarse = true;
    }
    if (exact > 0 && exact < normal) {
      const below = Math.max(1, Math.floor(exact / step)) * step;
      const [one, other] = [below, below + step].map((each) => this.#loss(each, lo, values, from, to));
      scale = one! <= other! ? below : below + step;
      // A weight that is rebuilt in float16 is rounded to the numbers of that type anyway.
      const rounding = ((to - from) * step ** 2) / 12;
      this.#coarse ||= Math.min(one!, other!) > COARSE * (this.#loss(exact, lo, values, from, to) + rounding);
    }
    // Where the values are numbers of the type, the outermost codes must stand for such numbers too. (AWQ's values may
    // be larger.)
    const largest = Math.max(-lo, hi);
    if (largest <= most && largest > most - scale)
      while (this.#reach(scale, lo, hi) > most) scale = before(scale, type);
    const group = row * this.blocks + block;
    this.#scales[group] = scale;
    this.#zeros[group] = this.#zeroFor(scale, lo);
  }

  /** Stores the code nearest to `value` at a position whose group was fitted; returns the value of that code. */
  put(row: number, column: number, value: number): number {
    const group = row * this.blocks + Math.floor(column / this.options.blockSize);
    const scale = this.#scales[group]!;
    const zero = this.#zeros[group]!;
    // A group of zeros has no scale.
    const steps = scale === 0 ? 0 : Math.round(value / scale);
    const code = Math.max(0, Math.min(this.#most, steps + zero));
    this.#write(row * this.#padded + column, code);
    return Math.fround((code - zero) * scale);
  }

  /**
   * `put` for each of a group's values[from … to), which are float32. To truncate q + zero + ½ rounds like `Math.round`
   * here, and is faster: a quotient q of two float32 numbers is a half, or at least 2^−26 away from it.
   */
  putGroup(row: number, block: number, values: Float64Array, from: number, to: number): void {
    const group = row * this.blocks + block;
    // A group of zeros has no scale.
    const scale = this.#scales[group] || 1;
    const offset = this.#zeros[group]! + 0.5;
    const codes = this.#codes;
    const [most, { bits, blockSize }] = [this.#most, this.options];
    // Groups begin with a byte.
    let byte = (row * this.#padded + block * blockSize) >> this.#shift;
    for (let at = from; at < to; byte++) {
      let packed = 0;
      for (let shift = 0; shift < 8 && at < to; shift += bits, at++) {
        const code = (values[at]! / scale + offset) | 0;
        packed |= (code < 0 ? 0 : code > most ? most : code) << shift;
      }
      codes[byte] = packed;
    }
  }

  form(): FittedForm {
    const { bits, blockSize, symmetric } = this.options;
    const { rows, columns, blocks } = this;
    const padded = this.#padded;
    // The padding after the last column is zero as well, so that a product over it adds nothing.
    for (let i = 0; i < rows; i++) {
      const zero = this.#zeros[(i + 1) * blocks - 1]!;
      for (let place = i * padded + columns; place < (i + 1) * padded; place++) this.#write(place, zero);
    }
    const common = { rows, columns, bits, blockSize } as const;
    const coarse = this.#coarse && this.options.type === 'float16';
    const form = { ...common, codes: this.#codes, scales: this.#scales, coarse };
    if (symmetric) return form;
    const across = Math.ceil((blocks * bits) / 8);
    const zeroPoints = new Uint8Array(rows * across);
    for (let i = 0; i < rows; i++) {
      zeroPoints.set(pack(this.#zeros.subarray(i * blocks, (i + 1) * blocks), bits), i * across);
    }
    return { ...form, zeroPoints };
  }

  #write(place: number, code: number): void {
    const inByte = place & ((1 << this.#shift) - 1);
    this.#codes[place >> this.#shift]! |= code << (this.options.bits * inByte);
  }

  #zeroFor(scale: number, lo: number): number {
    const { bits, symmetric } = this.options;
    return symmetric || scale === 0 ? 2 ** (bits - 1) : Math.min(this.#most, Math.round(-lo / scale));
  }

  /** The sum of the squared errors at this scale, in units of the scale, so that it can't underflow. */
  #loss(scale: number, lo: number, values: Float64Array, from: number, to: number): number {
    const zero = this.#zeroFor(scale, lo);
    let sum = 0;
    for (let at = from; at < to; at++) {
      const steps = Math.max(-zero, Math.min(this.#most - zero, Math.round(values[at]! / scale)));
      sum += (values[at]! / scale - steps) ** 2;
    }
    return sum * scale ** 2;
  }

  /** The largest magnitude that the codes of values from `lo` to `hi` stand for. */
  #reach(scale: number, lo: number, hi: number): number {
    const zero = this.#zeroFor(scale, lo);
    return (
      scale * Math.max(Math.min(zero, Math.round(-lo / scale)), Math.min(this.#most - zero, Math.round(hi / scale)))
    );
  }
}

/** The next smaller number of the type, below a positive number of full precision. */
function before(scale: number, type: FloatType): number {
  const digits = type === 'float32' ? 23 : 10;
  return scale - 2 ** (Math.floor(Math.log2(scale)) - digits);
}
