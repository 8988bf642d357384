import type { BlockSparseForm } from '../../weightForm';
import { gatherKernelsOf, gatherSteps } from './gather';
import { blockSparseKernels } from './gatherKernels';
import { type Preparation, sizeOf } from './product';

/** Compressed rows of dense blocks; a block's column is stored once. */
export const prepareBlockSparse: Preparation<BlockSparseForm> = ({ buffers, variants }, form) => {
  const { rows, columns, height, width, starts, columnOf, values } = form;
  if (!(height >= 1) || !(width >= 4) || width % 4 !== 0) {
    throw new RangeError(`Blocks of ${height}×${width}: take a width divisible by 4.`);
  }
  const down = Math.ceil(rows / height);
  const across = Math.ceil(columns / width);
  const fits = values.length === columnOf.length * height * width && columnOf.every((column) => column < across);
  if (starts.length !== down + 1 || starts[down] !== columnOf.length || !fits) {
    throw new RangeError(`The blocks of a [${rows}, ${columns}] weight do not fit it.`);
  }
  let longest = 0;
  for (let i = 0; i < down; i++) longest = Math.max(longest, ((starts[i + 1]! - starts[i]!) * width) / 4);
  const what = `A block-sparse [${rows}, ${columns}] weight`;
  // At least one quad, so that the bindings are as large as the shader's types.
  const filled = values.length ? values : new Float32Array(4);
  const stored = [starts, columnOf, filled].map((array) => buffers.upload(array, what));
  const extra = { height, widthQuads: width / 4 };
  return {
    rows,
    columns,
    bytes: sizeOf(...stored),
    multiplyAdds: values.length,
    kernels: gatherKernelsOf(blockSparseKernels, variants),
    steps: (operand, scratch, pace) =>
      gatherSteps(blockSparseKernels, variants, { rows, columns, longest, extra, stored }, operand, scratch, pace),
    free: () => buffers.free(...stored),
  };
};
