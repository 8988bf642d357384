import type { QuantizedForm } from '../../weightForm';

/** Twin of quantizedVector.wgsl and quantizedTile.wgsl: the weights that the codes stand for. */
export function quantized(form: QuantizedForm): Float64Array {
  const { rows, columns, bits, blockSize, codes, scales, zeroPoints } = form;
  const blocks = Math.ceil(columns / blockSize);
  const code = (bytes: Uint8Array, from: number, index: number) => {
    const bit = index * bits;
    return (bytes[from + (bit >> 3)]! >> (bit & 7)) & (2 ** bits - 1);
  };
  const weights = new Float64Array(rows * columns);
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
