import type { SparseArrays } from '../backend/weights';
import type { Pacer } from '../core/progress';

/** From so many tokens on each weight is read once for all of them, which pays for transposing x. */
const FEW = 4;

/** x·Wᵀ for compressed rows; sums are kept in float64. */
export async function sparseProduct(
  { rows, columns, starts, columnOf, values }: SparseArrays,
  x: Float32Array,
  tokens: number,
  pacer: Pacer,
): Promise<Float32Array<ArrayBuffer>> {
  const y = new Float32Array(tokens * rows);
  if (tokens < FEW) {
    for (let token = 0; token < tokens; token++) {
      for (let row = 0; row < rows; row++) {
        if (pacer.due) await pacer.breathe();
        let sum = 0;
        for (let e = starts[row]!; e < starts[row + 1]!; e++) sum += values[e]! * x[token * columns + columnOf[e]!]!;
        y[token * rows + row] = sum;
      }
    }
    return y;
  }
  const byColumn = turned(x, 1, tokens, columns);
  const sums = new Float64Array(tokens);
  for (let row = 0; row < rows; row++) {
    if (pacer.due) await pacer.breathe();
    sums.fill(0);
    for (let e = starts[row]!; e < starts[row + 1]!; e++) {
      const [value, from] = [values[e]!, columnOf[e]! * tokens];
      for (let token = 0; token < tokens; token++) sums[token]! += value * byColumn[from + token]!;
    }
    for (let token = 0; token < tokens; token++) y[token * rows + row] = sums[token]!;
  }
  return y;
}

/** x·Wᵀ, where `writeRow` writes one row of W after the other. */
export async function rowProduct(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  writeRow: (row: number, weights: Float32Array<ArrayBuffer>) => void,
  x: Float32Array,
  tokens: number,
  pacer: Pacer,
): Promise<Float32Array<ArrayBuffer>> {
  const y = new Float32Array(tokens * rows);
  const weights = new Float32Array(columns);
  for (let row = 0; row < rows; row++) {
    if (pacer.due) await pacer.breathe();
    writeRow(row, weights);
    for (let token = 0; token < tokens; token++) y[token * rows + row] = dot(weights, x, token * columns);
  }
  return y;
}

/** Four sums at a time, so that no addition waits for the one before. */
function dot(weights: Float32Array, x: Float32Array, from: number): number {
  const whole = weights.length & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += weights[i]! * x[from + i]!;
    b += weights[i + 1]! * x[from + i + 1]!;
    c += weights[i + 2]! * x[from + i + 2]!;
    d += weights[i + 3]! * x[from + i + 3]!;
  }
  for (let i = whole; i < weights.length; i++) a += weights[i]! * x[from + i]!;
  return a + b + c + d;
}

/** [pieces, rows, columns] → [pieces, columns, rows] */
export function turned(x: Float32Array, pieces: number, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(x.length);
  for (let piece = 0, at = 0; piece < pieces; piece++) {
    const first = piece * rows * columns;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) result[first + column * rows + row] = x[at++]!;
    }
  }
  return result;
}
