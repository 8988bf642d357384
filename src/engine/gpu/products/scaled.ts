import { type Binding, type Dispatch, dispatch } from '../dispatcher';
import { anyKernel } from '../kernel';
import { scaleColumnsKernel } from './kernels';
import type { PreparedForm, ProductContext } from './product';

/** y = (x ⊙ scales)·innerᵀ: a scale for each column of what goes in. */
export function scaledWeight({ buffers }: ProductContext, inner: PreparedForm, scales: Float32Array): PreparedForm {
  const { rows, columns } = inner;
  if (scales.length !== columns)
    throw new RangeError(`${scales.length} scales do not fit a [${rows}, ${columns}] weight.`);
  const diagonal = buffers.upload(scales, 'A diagonal');
  return {
    rows,
    columns,
    bytes: inner.bytes + diagonal.size,
    kernels: [...inner.kernels, anyKernel(scaleColumnsKernel)],
    *steps(operand, scratch, pace) {
      const { tokens } = operand;
      const scaled = scratch(tokens * columns);
      yield* scale(operand.x, diagonal, scaled, tokens, columns);
      yield* inner.steps({ ...operand, x: scaled }, scratch, pace);
    },
    free() {
      inner.free();
      buffers.free(diagonal);
    },
  };
}

function* scale(
  x: Binding,
  diagonal: GPUBuffer,
  scaled: GPUBuffer,
  tokens: number,
  columns: number,
): Generator<Dispatch> {
  for (let firstRow = 0; firstRow < tokens; firstRow += 65535) {
    const rows = Math.min(65535, tokens - firstRow);
    yield dispatch(scaleColumnsKernel, { columns, firstRow, rows }, [x, diagonal, scaled], 2 * rows * columns);
  }
}
