import { decodeFloats, encodeFloats } from '../../model/tensors';
import { DATA_TYPE } from '../../operators/dense';
import type { FloatType } from '../../operators/operator';
import { pack } from '../../operators/packedCodes';
import type { QuantizedForm } from '../../weightForm';

export interface GridOptions {
  readonly bits: 2 | 4 | 8;
  /** Columns that share a scale. */
  readonly blockSize: number;
  /** Around zero with as much room on either side; else from the least to the largest value, zero among them. */
  readonly symmetric: boolean;
  /** What scales are stored as. */
  readonly type: FloatType;
}

/**
 * The codes of a matrix [rows, columns], one to a byte, with the scale and zero point of each group: a weight is
 * scale·(code − zero). Groups are fitted one range at a time, so that a method may move weights in between.
 */
export class Grid {
  readonly blocks: number;
  readonly #codes: Uint8Array<ArrayBuffer>;
  readonly #scales: Float32Array<ArrayBuffer>;
  readonly #zeros: Uint8Array<ArrayBuffer>;
  readonly #padded: number;
  readonly #most: number;

  constructor(
    private readonly rows: number,
    private readonly columns: number,
    private readonly options: GridOptions,
  ) {
    const { bits, blockSize } = options;
    this.blocks = Math.ceil(columns / blockSize);
    this.#padded = this.blocks * blockSize;
    this.#most = 2 ** bits - 1;
    this.#codes = new Uint8Array(rows * this.#padded);
    this.#scales = new Float32Array(rows * this.blocks);
    this.#zeros = new Uint8Array(rows * this.blocks).fill(2 ** (bits - 1));
  }

  /**
   * Chooses scale and zero point of group `block` of `count` rows from `from` on, for values from `least[i]` to
   * `largest[i]`. Zero is always among what the codes can say, exactly; a value within the range is at most half a scale
   * from the nearest, but for the rounding of the scale itself. Symmetric codes leave the lowest one out: 2 bits then say
   * −s, 0 and s.
   */
  fit(block: number, from: number, least: ArrayLike<number>, largest: ArrayLike<number>, count: number): void {
    const { bits, symmetric, type } = this.options;
    const fitted = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const [lo, hi] = [Math.min(0, least[i]!), Math.max(0, largest[i]!)];
      fitted[i] = symmetric ? Math.max(-lo, hi) / (2 ** (bits - 1) - 1) : (hi - lo) / this.#most;
    }
    const scales = type === 'float32' ? fitted : rounded(fitted, type);
    for (let i = 0; i < count; i++) {
      const at = (from + i) * this.blocks + block;
      const scale = scales[i]!;
      this.#scales[at] = scale;
      if (!symmetric && scale > 0) {
        this.#zeros[at] = Math.min(this.#most, Math.round(Math.max(0, -least[i]!) / scale));
      }
    }
  }

  /** Stores the code nearest to `value` at a place whose group was fitted; returns what it stands for. */
  put(row: number, column: number, value: number): number {
    const at = row * this.blocks + Math.floor(column / this.options.blockSize);
    const scale = this.#scales[at]!;
    const zero = this.#zeros[at]!;
    // A group of zeros, or of numbers that vanish in the scale's type.
    const steps = scale === 0 ? 0 : Math.round(value / scale);
    const code = Math.max(0, Math.min(this.#most, steps + zero));
    this.#codes[row * this.#padded + column] = code;
    return Math.fround((code - zero) * scale);
  }

  form(): QuantizedForm {
    const { bits, blockSize, symmetric } = this.options;
    const { rows, columns, blocks } = this;
    const padded = this.#padded;
    // What stands beyond the last column is zero as well: a product over it adds nothing.
    for (let i = 0; i < rows; i++) {
      this.#codes.fill(this.#zeros[(i + 1) * blocks - 1]!, i * padded + columns, (i + 1) * padded);
    }
    const common = { kind: 'quantized', rows, columns, bits, blockSize } as const;
    const form = { ...common, codes: pack(this.#codes, bits), scales: this.#scales };
    if (symmetric) return form;
    const across = Math.ceil((blocks * bits) / 8);
    const zeroPoints = new Uint8Array(rows * across);
    for (let i = 0; i < rows; i++) {
      zeroPoints.set(pack(this.#zeros.subarray(i * blocks, (i + 1) * blocks), bits), i * across);
    }
    return { ...form, zeroPoints };
  }
}

/** As they will be stored. */
export const rounded = (values: Float32Array<ArrayBuffer>, type: FloatType): Float32Array<ArrayBuffer> =>
  decodeFloats(encodeFloats(values, DATA_TYPE[type]), DATA_TYPE[type], 'scales');
