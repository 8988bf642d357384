import type { QuantizedForm } from '../../weightForm';

/**
 * Twin of quantizedVector.wgsl and quantizedTile.wgsl: the weights that the codes stand for, written into `weights`. A
 * code less its zero point times a float32 scale is exact in float64: into float32 it is rounded once, as on any machine.
 */
export function quantized<T extends Float32Array | Float64Array = Float64Array>(
  form: QuantizedForm,
  weights: T = new Float64Array(form.rows * form.columns) as T,
): T {
  const { rows, columns, bits, blockSize, codes, scales, zeroPoints } = form;
  const blocks = Math.ceil(columns / blockSize);
  const code = (bytes: Uint8Array, from: number, index: number) => {
    const bit = index * bits;
    return (bytes[from + (bit >> 3)]! >> (bit & 7)) & (2 ** bits - 1);
  };
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const block = Math.floor(j / blockSize);
      const zero = zeroPoints ? code(zeroPoints, i * Math.ceil((blocks * bits) / 8), block) : 2 ** (bits - 1);
      const value = code(codes, (i * blocks * blockSize * bits) / 8, j);
      weights[i * columns + j] = (value - zero) * scales[i * blocks + block]!;
    }
  }
  return weights;
}
