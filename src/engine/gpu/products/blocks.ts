import { rowsOfBlocks } from '../../backend/blocks';
import type { BlockArrays } from '../../backend/weights';
import { gatherKernelsOf, gatherSteps } from './gather';
import { blockSparseKernels } from './gatherKernels';
import { inPanels } from './panels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';
import { sparseWeight } from './sparse';

/**
 * Compressed rows of dense blocks; a block's column is stored once. The kernels take widths divisible by 4; other blocks
 * are stored as single weights.
 */
export function blockWeight(context: ProductContext, weight: BlockArrays): PreparedForm {
  const { rows, columns, height, width, starts, columnOf, values } = weight;
  const down = Math.ceil(rows / height);
  const across = Math.ceil(columns / width);
  const fits = values.length === columnOf.length * height * width && columnOf.every((column) => column < across);
  if (starts.length !== down + 1 || starts[down] !== columnOf.length || !fits) {
    throw new RangeError(`The blocks of a [${rows}, ${columns}] weight do not fit it.`);
  }
  if (width % 4 !== 0) return sparseWeight(context, rowsOfBlocks(weight));
  const block = height * width;
  return inPanels(context, {
    rows,
    columns,
    unitRows: height,
    bytesOf: (row) => 4 * block * (starts[row + 1]! - starts[row]!),
    prepare(first, count) {
      const [begin, end] = [first / height, Math.ceil((first + count) / height)];
      const [from, to] = [starts[begin]!, starts[end]!];
      return whole(context, {
        ...weight,
        rows: count,
        starts: starts.slice(begin, end + 1).map((start) => start - from),
        columnOf: columnOf.subarray(from, to),
        values: values.subarray(from * block, to * block),
      });
    },
  });
}

function whole({ buffers, variants }: ProductContext, weight: BlockArrays): PreparedForm {
  const { rows, columns, height, width, starts, columnOf, values } = weight;
  const down = Math.ceil(rows / height);
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
    bytes: bytesOf(...stored),
    kernels: gatherKernelsOf(blockSparseKernels, variants),
    steps: (operand, scratch, pace) =>
      gatherSteps(blockSparseKernels, variants, { rows, columns, longest, extra, stored }, operand, scratch, pace),
    free: () => buffers.free(...stored),
  };
}
