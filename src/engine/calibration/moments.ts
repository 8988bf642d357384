import { DataType } from '../model/onnx/build';
import type { InputStatistics } from '../operators/statistics';
import { type StoredArray, stored } from '../operators/stored';

/**
 * Sums of float32 Grams, batch by batch, in float64: one batch's rounding (1e−7 of its own entries, times the root of its
 * rows) does not grow with the number of batches.
 */
export class Moments {
  readonly #gram: Float64Array<ArrayBuffer>;
  readonly #absolute: Float64Array;
  readonly #largest: Float64Array;
  #samples = 0;

  constructor(private readonly width: number) {
    this.#gram = new Float64Array(width * width);
    this.#absolute = new Float64Array(width);
    this.#largest = new Float64Array(width);
  }

  /** H, Σ|x| and the largest |x| of one batch's rows. */
  add(gram: Float32Array, absolute: Float32Array, largest: Float32Array, rows: number): void {
    for (let i = 0; i < gram.length; i++) this.#gram[i]! += gram[i]!;
    for (let i = 0; i < this.width; i++) {
      this.#absolute[i]! += absolute[i]!;
      this.#largest[i] = Math.max(this.#largest[i]!, largest[i]!);
    }
    this.#samples += rows;
  }

  /** What is kept of it; or why nothing is, as the end of a sentence. */
  finish(): InputStatistics | string {
    const { width } = this;
    const samples = this.#samples;
    if (samples === 0) return 'the calibration data gives it no input';
    const meanSquare = Float64Array.from({ length: width }, (_, i) => this.#gram[i * width + i]! / samples);
    // NaN passes no comparison, and what overflows off the diagonal does so on it.
    if (!meanSquare.every((value) => value < Number.POSITIVE_INFINITY))
      return 'its input is not finite on the calibration data';
    const kept = packed(this.#gram, width);
    return {
      size: width,
      samples,
      meanSquare,
      meanAbs: this.#absolute.map((value) => value / samples),
      largest: this.#largest,
      gram: async () => unpacked(await kept.read(), width),
    };
  }
}

/**
 * H off the heap: its lower triangle, in float32, a quarter of the bytes. It was summed from float32 products, so that
 * rounding it once more (6e−8) hides nothing.
 */
function packed(gram: Float64Array, size: number): StoredArray {
  const triangle = new Float32Array((size * (size + 1)) / 2);
  for (let i = 0, at = 0; i < size; i++) for (let j = 0; j <= i; j++) triangle[at++] = gram[i * size + j]!;
  return stored('gram', [triangle.length], DataType.FLOAT, triangle);
}

function unpacked(bytes: Uint8Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const triangle = new Float32Array(bytes.buffer);
  const gram = new Float64Array(size * size);
  for (let i = 0, at = 0; i < size; i++) {
    for (let j = 0; j <= i; j++, at++) {
      gram[i * size + j] = triangle[at]!;
      gram[j * size + i] = triangle[at]!;
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
