import type { DenseArrays } from '../../backend/weights';
import { anyKernel } from '../kernel';
import { MOST_VECTORS, matmulDispatches, matmulKernelsFor } from '../matmul';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { halfTileKernels, halfVectorKernels, pieceTileKernels, unpackHalvesKernel } from './kernels';
import { inPanels } from './panels';
import type { PreparedForm, ProductContext } from './product';
import { tileSteps } from './steps';

const halfKernels = { vector: halfVectorKernels, tile: halfTileKernels, dense: unpackHalvesKernel };

/**
 * A dense weight in float32 or float16. float16 halves the bytes that are read, which should speed up products of few
 * tokens on hardware. On SwiftShader, which arithmetic limits, decoding costs more than it saves: at n = 1024, 9.5 ms
 * against 3.0 for one token, 36 against 25 for 16, 222 against 202 for 256.
 */
export function denseWeight(context: ProductContext, { rows, columns, values }: DenseArrays): PreparedForm {
  if (values.length !== rows * columns) {
    throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] weight.`);
  }
  const isHalf = values instanceof Uint16Array;
  return inPanels(context, {
    rows,
    columns,
    bytesOf: () => (isHalf ? halfRowBytes(columns) : 4 * columns),
    prepare(first, count) {
      const [from, to] = [first * columns, (first + count) * columns];
      return isHalf
        ? halves(context, count, columns, values.subarray(from, to))
        : floats(context, count, columns, values.subarray(from, to));
    },
  });
}

function floats(
  { buffers, variants }: ProductContext,
  rows: number,
  columns: number,
  values: Float32Array,
): PreparedForm {
  const weights = buffers.upload(values, `A [${rows}, ${columns}] weight`);
  return {
    rows,
    columns,
    bytes: weights.size,
    kernels: [1, 4, MOST_VECTORS, MOST_VECTORS + 1].flatMap((m) => matmulKernelsFor({ m, n: rows }, variants)),
    steps({ x, y, tokens, accumulate }, _, pace) {
      const operands = { a: x, b: weights, c: y, transposeB: true, beta: Number(accumulate) };
      return matmulDispatches({ m: tokens, n: rows, k: columns, ...operands }, variants, pace);
    },
    pieces: {
      kernels: [anyKernel(pieceTileKernels[variants.tile])],
      steps({ behind, ...operand }, pace) {
        const shape = { rows, columns, extra: { behind }, buffers: (x: typeof operand.x) => [x, weights, operand.y] };
        const positions = { ...operand, tokens: operand.tokens * behind };
        return tileSteps(pieceTileKernels, variants.tile, shape, positions, pace);
      },
    },
    free: () => buffers.free(weights),
  };
}

/** Bytes of a row of float16: whole quads, so that four weights are one aligned read. */
const halfRowBytes = (columns: number): number => 8 * Math.ceil(columns / 4);

function halves(
  { buffers, variants }: ProductContext,
  rows: number,
  columns: number,
  values: Uint16Array,
): PreparedForm {
  const quadsPerRow = halfRowBytes(columns) / 8;
  const padded = new Uint16Array(rows * quadsPerRow * 4);
  for (let i = 0; i < rows; i++) padded.set(values.subarray(i * columns, (i + 1) * columns), i * quadsPerRow * 4);
  const held = buffers.upload(new Uint32Array(padded.buffer), `A [${rows}, ${columns}] weight in float16`);
  const weight = { rows, columns, extra: { quadsPerRow }, stored: [held] };
  return {
    rows,
    columns,
    bytes: held.size,
    kernels: decodingKernelsOf(halfKernels, rows, variants),
    steps: (operand, scratch, pace) => decodedSteps(halfKernels, variants, weight, operand, scratch, pace),
    free: () => buffers.free(held),
  };
}
