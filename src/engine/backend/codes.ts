import type { QuantizedArrays } from './weights';

/**
 * Decodes quantised weights, row-major, into `weights`. Each weight is rounded once: before, a code minus its zero
 * point times a scale is exact.
 */
export function decodeQuantized(
  { rows, columns, bits, blockSize, codes, scales, zeroPoints }: QuantizedArrays,
  weights = new Float32Array(rows * columns),
): Float32Array<ArrayBuffer> {
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
 * The code at `index` of the codes that begin at byte `from`, the first code in the lowest bits of a byte. This is a
 * function of the module: a function created at each call of `decodeQuantized` is never compiled for long, and was ten
 * times slower.
 */
export function codeAt(bytes: Uint8Array, from: number, index: number, bits: number): number {
  const bit = index * bits;
  return (bytes[from + (bit >> 3)]! >> (bit & 7)) & ((1 << bits) - 1);
}
