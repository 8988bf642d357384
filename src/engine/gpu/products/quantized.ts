import type { QuantizedForm } from '../../weightForm';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { quantizedKernels } from './kernels';
import { type Preparation, sizeOf } from './product';

/** Codes, scales and zero points as MatMulNBits stores them. */
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
  const kernels = quantizedKernels.get(bits)!;
  const stored = [codes, scales, zeroPoints];
  // One block per row: no column reaches the next.
  const extra = { wordsPerRow, blocks, blockShift: blocks === 1 ? 31 : Math.log2(blockSize), zeroPointBytes };
  return {
    rows,
    columns,
    bytes: sizeOf(codes, scales) + (form.zeroPoints ? zeroPoints.size : 0),
    multiplyAdds: rows * columns,
    kernels: decodingKernelsOf(kernels, rows, variants),
    steps: (operand, scratch, pace) =>
      decodedSteps(kernels, variants, { rows, columns, extra, stored }, operand, scratch, pace),
    free: () => buffers.free(...stored),
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
