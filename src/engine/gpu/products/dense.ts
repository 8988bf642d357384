import type { DenseForm } from '../../weightForm';
import { matmulKernel } from '../kernels';
import { matmulDispatches } from '../matmul';
import { denseVectorKernels, padTokensKernel } from './kernels';
import { anyKernel, type Preparation } from './product';
import { VECTOR_TOKENS, vectorSteps } from './steps';

/** W as it is but that rows are padded with zeros to whole quads, so that the vector kernel loads vec4f. */
export const prepareDense: Preparation<DenseForm> = ({ buffers }, { rows, columns, values }) => {
  if (values.length !== rows * columns) {
    throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] weight.`);
  }
  const width = Math.ceil(columns / 4) * 4;
  const weights = buffers.upload(padRows(values, rows, columns, width), `A [${rows}, ${columns}] weight`);
  return {
    rows,
    columns,
    bytes: weights.size,
    multiplyAdds: rows * columns,
    kernels: [padTokensKernel, matmulKernel, ...denseVectorKernels].map(anyKernel),
    *steps(operand, scratch, pace) {
      const { tokens, y, accumulate } = operand;
      if (tokens <= VECTOR_TOKENS) {
        const shape = { rows, columns, extra: {}, buffers: (x: GPUBuffer) => [x, weights, y] };
        yield* vectorSteps(denseVectorKernels, shape, operand, scratch, pace);
        return;
      }
      const operands = { a: operand.x, b: weights, c: y, strideB: width, transposeB: true };
      yield* matmulDispatches({ m: tokens, n: rows, k: columns, ...operands, beta: Number(accumulate) }, pace);
    },
    free: () => buffers.free(weights),
  };
};

function padRows(values: Float32Array, rows: number, columns: number, width: number): Float32Array {
  if (width === columns) return values;
  const wide = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) wide.set(values.subarray(i * columns, (i + 1) * columns), i * width);
  return wide;
}
