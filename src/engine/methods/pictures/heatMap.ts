import { elements } from '../../operators/operator';

/** A weight as at most 256 × 256 entries, each for a block of weights. */
export interface HeatMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
  /** Rows and columns of the weight under one entry. */
  readonly block: readonly [rows: number, columns: number];
}

const LARGEST = 256;

/** The root mean square of each block of a weight [out, …]: a row is an output. Signs can't cancel. */
export function heatMapOf(values: Float32Array, shape: readonly number[], most = LARGEST): HeatMap {
  return blockMeans(values, shape, (value) => value * value, Math.sqrt, most);
}

/** `finish` of the mean over each block of what `each` makes of a weight. Sums are float64. */
export function blockMeans(
  values: Float32Array,
  [height, ...rest]: readonly number[],
  each: (value: number) => number,
  finish: (mean: number) => number = (mean) => mean,
  most = LARGEST,
): HeatMap {
  const width = elements(rest);
  const [tall, wide] = [Math.ceil(height! / most), Math.ceil(width / most)];
  const [rows, columns] = [Math.ceil(height! / tall), Math.ceil(width / wide)];
  const sums = new Float64Array(rows * columns);
  for (let i = 0; i < height!; i++) {
    const row = Math.floor(i / tall) * columns;
    for (let j = 0; j < width; j++) sums[row + Math.floor(j / wide)]! += each(values[i * width + j]!);
  }
  const means = Float32Array.from(sums, (sum, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    return finish(sum / (Math.min(tall, height! - row * tall) * Math.min(wide, width - column * wide)));
  });
  return { rows, columns, values: means, block: [tall, wide] };
}
