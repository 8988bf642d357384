import type { DenseForm } from '../../weightForm';
import { MOST_VECTORS, matmulDispatches, matmulKernelsFor } from '../matmul';
import type { Preparation } from './product';

/** W as it is. */
export const prepareDense: Preparation<DenseForm> = ({ buffers, variants }, { rows, columns, values }) => {
  if (values.length !== rows * columns) {
    throw new RangeError(`${values.length} values do not fill a [${rows}, ${columns}] weight.`);
  }
  const weights = buffers.upload(values, `A [${rows}, ${columns}] weight`);
  return {
    rows,
    columns,
    bytes: weights.size,
    multiplyAdds: rows * columns,
    kernels: [1, 4, MOST_VECTORS, MOST_VECTORS + 1].flatMap((m) => matmulKernelsFor({ m, n: rows }, variants)),
    steps({ x, y, tokens, accumulate }, _, pace) {
      const operands = { a: x, b: weights, c: y, transposeB: true, beta: Number(accumulate) };
      return matmulDispatches({ m: tokens, n: rows, k: columns, ...operands }, variants, pace);
    },
    free: () => buffers.free(weights),
  };
};
