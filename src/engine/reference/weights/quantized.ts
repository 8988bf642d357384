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
  const rowBytes = (blocks * blockSize * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  for (let i = 0; i < rows; i++) {
    for (let block = 0; block < blocks; block++) {
      const zero = zeroPoints ? codeAt(zeroPoints, i * zeroBytes, block, bits) : 1 << (bits - 1);
      const scale = scales[i * blocks + block]!;
      const end = Math.min(columns, (block + 1) * blockSize);
      for (let j = block * blockSize; j < end; j++) {
        weights[i * columns + j] = (codeAt(codes, i * rowBytes, j, bits) - zero) * scale;
      }
    }
  }
  return weights;
}

/**
 * The code at `index` of those that begin at byte `from`, the lowest bits of a byte first. A function of the module: one
 * that is made anew at each call of `quantized` is never compiled for long, and was ten times slower.
 */
function codeAt(bytes: Uint8Array, from: number, index: number, bits: number): number {
  const bit = index * bits;
  return (bytes[from + (bit >> 3)]! >> (bit & 7)) & ((1 << bits) - 1);
}
