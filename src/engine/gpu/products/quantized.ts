import type { QuantizedForm } from '../../weightForm';
import { MOST_VECTORS } from '../matmul';
import { padTokensKernel, quantizedKernels } from './kernels';
import { anyKernel, type Preparation, sizeOf } from './product';
import { tileSteps, vectorSteps } from './steps';

/** Codes, scales and zero points as MatMulNBits stores them; decoded in the kernels, never in memory. */
export const prepareQuantized: Preparation<QuantizedForm> = ({ buffers, variants }, form) => {
  const { rows, columns, bits, blockSize } = form;
  const blocks = Math.ceil(columns / blockSize);
  const powerOfTwo = blockSize >= 16 && Number.isInteger(Math.log2(blockSize));
  if (!powerOfTwo && !(blocks === 1 && blockSize % 4 === 0)) {
    throw new RangeError(`Blocks of ${blockSize} columns: take a power of two from 16, or one block per row.`);
  }
  const rowBytes = (blocks * blockSize * bits) / 8;
  const zeroPointBytes = form.zeroPoints ? Math.ceil((blocks * bits) / 8) : 0;
  expectLength('codes', form.codes.length, rows * rowBytes);
  expectLength('scales', form.scales.length, rows * blocks);
  expectLength('zero points', form.zeroPoints?.length ?? 0, rows * zeroPointBytes);

  const what = `A [${rows}, ${columns}] weight of ${bits} bits`;
  const wordsPerRow = Math.ceil(rowBytes / 4);
  const codes = buffers.upload(words(form.codes, rows, rowBytes, wordsPerRow), what);
  const scales = buffers.upload(form.scales, what);
  const zeroBytes = form.zeroPoints ?? new Uint8Array(4);
  const zeroPoints = buffers.upload(words(zeroBytes, 1, zeroBytes.length, Math.ceil(zeroBytes.length / 4)), what);
  const { vector, tile } = quantizedKernels.get(bits)!;
  // One block per row: no column reaches the next.
  const extra = { wordsPerRow, blocks, blockShift: blocks === 1 ? 31 : Math.log2(blockSize), zeroPointBytes };
  return {
    rows,
    columns,
    bytes: sizeOf(codes, scales) + (form.zeroPoints ? zeroPoints.size : 0),
    multiplyAdds: rows * columns,
    kernels: [padTokensKernel, tile[variants.decodingTile], ...vector.get(variants.rowSlices)!].map(anyKernel),
    *steps(operand, scratch, pace) {
      const bound = (x: GPUBuffer) => [x, codes, scales, zeroPoints, operand.y];
      const shape = { rows, columns, extra, buffers: bound };
      if (operand.tokens <= MOST_VECTORS) yield* vectorSteps(vector, variants.rowSlices, shape, operand, scratch, pace);
      else yield* tileSteps(tile, variants.decodingTile, shape, operand, pace);
    },
    free: () => buffers.free(codes, scales, zeroPoints),
  };
};

/** Rows of bytes as rows of words, the last word padded with zeros. */
function words(bytes: Uint8Array, rows: number, rowBytes: number, wordsPerRow: number): Uint32Array {
  const padded = new Uint8Array(rows * wordsPerRow * 4);
  for (let i = 0; i < rows; i++) padded.set(bytes.subarray(i * rowBytes, (i + 1) * rowBytes), i * wordsPerRow * 4);
  return new Uint32Array(padded.buffer);
}

function expectLength(what: string, found: number, expected: number) {
  if (found !== expected) throw new RangeError(`${found} ${what} where the shape takes ${expected}.`);
}
