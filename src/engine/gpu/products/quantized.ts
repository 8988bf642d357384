import { decodeQuantized } from '../../backend/codes';
import type { QuantizedArrays } from '../../backend/weights';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { quantizedKernels } from './decodingKernels';
import { denseWeight } from './dense';
import { inPanels } from './panels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';
import { rowsInWords } from './words';

/**
 * Codes, scales and zero points as MatMulNBits stores them. The kernels take blocks of a power of two from 16 on, or
 * one block of a multiple of 4 that covers all columns. Weights with other blocks are decoded here, and take the bytes
 * of the dense weight.
 */
export function quantizedWeight(context: ProductContext, weight: QuantizedArrays): PreparedForm {
  const { rows, columns, bits, blockSize, codes, scales, zeroPoints } = weight;
  const blocks = Math.ceil(columns / blockSize);
  const powerOfTwo = blockSize >= 16 && Number.isInteger(Math.log2(blockSize));
  if (!powerOfTwo && !(blocks === 1 && blockSize % 4 === 0)) {
    return denseWeight(context, { rows, columns, values: decodeQuantized(weight) });
  }
  const rowBytes = (blocks * blockSize * bits) / 8;
  const zeroBytes = zeroPoints ? Math.ceil((blocks * bits) / 8) : 0;
  expectLength('codes', codes.length, rows * rowBytes);
  expectLength('scales', scales.length, rows * blocks);
  expectLength('zero points', zeroPoints?.length ?? 0, rows * zeroBytes);
  return inPanels(context, {
    rows,
    columns,
    bytesOf: () => Math.max(Math.ceil(rowBytes / 4) * 4, 4 * blocks),
    prepare: (first, count) =>
      whole(context, {
        ...weight,
        rows: count,
        codes: codes.subarray(first * rowBytes, (first + count) * rowBytes),
        scales: scales.subarray(first * blocks, (first + count) * blocks),
        zeroPoints: zeroPoints?.subarray(first * zeroBytes, (first + count) * zeroBytes),
      }),
  });
}

function whole({ buffers, variants }: ProductContext, weight: QuantizedArrays): PreparedForm {
  const { rows, columns, bits, blockSize } = weight;
  const blocks = Math.ceil(columns / blockSize);
  const rowBytes = (blocks * blockSize * bits) / 8;
  const zeroPointBytes = weight.zeroPoints ? Math.ceil((blocks * bits) / 8) : 0;
  const what = `A [${rows}, ${columns}] weight of ${bits} bits`;
  const codes = buffers.upload(rowsInWords(weight.codes, rows, rowBytes), what);
  const scales = buffers.upload(weight.scales, what);
  const zeroBytes = weight.zeroPoints ?? new Uint8Array(4);
  const zeroPoints = buffers.upload(rowsInWords(zeroBytes, 1, zeroBytes.length), what);
  const kernels = quantizedKernels.get(bits)!;
  const stored = [codes, scales, zeroPoints];
  const extra = {
    wordsPerRow: Math.ceil(rowBytes / 4),
    blocks,
    // One block per row: no column reaches the next.
    blockShift: blocks === 1 ? 31 : Math.log2(blockSize),
    zeroPointBytes,
  };
  return {
    rows,
    columns,
    bytes: bytesOf(codes, scales) + (weight.zeroPoints ? zeroPoints.size : 0),
    kernels: decodingKernelsOf(kernels, rows, variants),
    steps: (operand, scratch, pace) =>
      decodedSteps(kernels, variants, { rows, columns, extra, stored }, operand, scratch, pace),
    free: () => buffers.free(...stored),
  };
}

function expectLength(what: string, found: number, expected: number) {
  if (found !== expected) throw new RangeError(`${found} ${what} where the shape takes ${expected}.`);
}
