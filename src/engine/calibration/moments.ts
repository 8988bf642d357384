import { DataType } from '../model/onnx/build';
import { type InputStatistics, scalesOf } from '../operators/statistics';
import { type StoredArray, stored } from '../operators/stored';

/**
 * Squares of numbers below this, in some hundred thousand rows, add up to less than 2^127, and those of 1/this are
 * exact.
 */
const USUAL = 2 ** 50;

/**
 * Sums Gram matrices of batches in float64. Each is computed in float32. The rounding error of a batch (1e−7 of its own
 * entries, times the square root of its rows) does not grow with the number of batches.
 */
export class Moments {
  readonly #gram: Float64Array<ArrayBuffer>;
  readonly #absolute: Float64Array;
  readonly #largest: Float64Array;
  #samples = 0;

  constructor(
    private readonly width: number,
    private readonly scales?: Float32Array,
  ) {
    this.#gram = new Float64Array(width * width);
    this.#absolute = new Float64Array(width);
    this.#largest = new Float64Array(width);
  }

  /** H, Σ|x| and the largest |x| of one batch's rows, whose columns were multiplied by `scales`. */
  add(gram: Float32Array, absolute: Float32Array, largest: Float32Array, rows: number): void {
    const { width, scales } = this;
    if (scales) {
      for (let i = 0, at = 0; i < width; i++) {
        for (let j = 0; j < width; j++, at++) this.#gram[at]! += gram[at]! / scales[i]! / scales[j]!;
      }
    } else for (let i = 0; i < gram.length; i++) this.#gram[i]! += gram[i]!;
    for (let i = 0; i < width; i++) {
      const scale = scales?.[i] ?? 1;
      this.#absolute[i]! += absolute[i]! / scale;
      this.#largest[i] = Math.max(this.#largest[i]!, largest[i]! / scale);
    }
    this.#samples += rows;
  }

  /**
   * Powers of two that bring each column near 1, where float32 does not hold the squares of some columns. The sums are
   * wrong then, and the data must be observed again with these factors. Undefined for usual columns.
   */
  get scalesWanted(): Float32Array<ArrayBuffer> | undefined {
    if (this.scales || !this.#largest.some((value) => value > 0 && !(value < USUAL && value > 1 / USUAL)))
      return undefined;
    return Float32Array.from(this.#largest, (value) =>
      value > 0 && value < Number.POSITIVE_INFINITY
        ? 2 ** Math.max(-126, Math.min(126, -Math.floor(Math.log2(value))))
        : 1,
    );
  }

  /** The statistics; or why there are none, as the end of a sentence. */
  finish(): InputStatistics | string {
    const { width } = this;
    const samples = this.#samples;
    if (samples === 0) return 'the calibration data gives it no input';
    const meanSquare = Float64Array.from({ length: width }, (_, i) => this.#gram[i * width + i]! / samples);
    // Comparisons with NaN are false. An overflow off the diagonal implies one on it.
    if (!meanSquare.every((value) => value < Number.POSITIVE_INFINITY))
      return 'its input is not finite on the calibration data';
    const kept = packed(this.#gram, width);
    return {
      size: width,
      samples,
      meanSquare,
      meanAbs: this.#absolute.map((value) => value / samples),
      largest: this.#largest,
      gram: async () => unpacked(await kept.triangle.read(), kept.scales),
    };
  }
}

/**
 * Stores H outside of the heap: its lower triangle in float32, which is a quarter of the bytes. It is scaled by powers
 * of two, so that float32 holds all of it. It was summed from float32 products, so one more rounding (6e−8) loses
 * nothing.
 */
function packed(gram: Float64Array, size: number): { readonly triangle: StoredArray; readonly scales: Float64Array } {
  const scales = scalesOf(gram, size);
  const triangle = new Float32Array((size * (size + 1)) / 2);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) triangle[at] = gram[i * size + j]! * scales[i]! * scales[j]!;
  }
  return { triangle: stored('gram', [triangle.length], DataType.FLOAT, triangle), scales };
}

function unpacked(bytes: Uint8Array<ArrayBuffer>, scales: Float64Array): Float64Array<ArrayBuffer> {
  const triangle = new Float32Array(bytes.buffer);
  const size = scales.length;
  const gram = new Float64Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) {
      const value = triangle[at]! / scales[i]! / scales[j]!;
      gram[i * size + j] = value;
      gram[j * size + i] = value;
    }
  }
  return gram;
}

/** Statistics of the rows of all `parts` together: of a weight with several consumers. */
export function together(parts: readonly InputStatistics[]): InputStatistics {
  const [first] = parts as [InputStatistics, ...InputStatistics[]];
  if (parts.length === 1) return first;
  const { size } = first;
  const samples = parts.reduce((sum, part) => sum + part.samples, 0);
  const mean = (of: (part: InputStatistics) => Float64Array) =>
    Float64Array.from({ length: size }, (_, i) =>
      parts.reduce((sum, part) => sum + (part.samples / samples) * of(part)[i]!, 0),
    );
  return {
    size,
    samples,
    meanSquare: mean(({ meanSquare }) => meanSquare),
    meanAbs: mean(({ meanAbs }) => meanAbs),
    largest: Float64Array.from({ length: size }, (_, i) => Math.max(...parts.map(({ largest }) => largest![i]!))),
    async gram() {
      const sum = await first.gram();
      for (const part of parts.slice(1)) {
        const gram = await part.gram();
        for (let i = 0; i < sum.length; i++) sum[i]! += gram[i]!;
      }
      return sum;
    },
  };
}
