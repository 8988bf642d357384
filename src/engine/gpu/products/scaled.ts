import type { ScaledForm } from '../../weightForm';
import { type Dispatch, dispatch } from '../dispatcher';
import { scaleColumnsKernel } from './kernels';
import { anyKernel, type Preparation, sizeOf } from './product';

/** y = ((x ⊙ in)·innerᵀ) ⊙ out: diagonals scale the columns of what goes in and of what comes out. */
export const prepareScaled: Preparation<ScaledForm> = ({ buffers }, form, prepare) => {
  const inner = prepare(form.inner);
  const { rows, columns } = inner;
  if ((form.out && form.out.length !== rows) || (form.in && form.in.length !== columns)) {
    inner.free();
    throw new RangeError(`The diagonals do not fit a [${rows}, ${columns}] weight.`);
  }
  const upload = (diagonal: Float32Array | undefined) => diagonal && buffers.upload(diagonal, 'A diagonal');
  const [into, out] = [upload(form.in), upload(form.out)];
  const held = [into, out].filter((buffer) => buffer !== undefined);
  return {
    rows,
    columns,
    bytes: inner.bytes + sizeOf(...held),
    multiplyAdds: inner.multiplyAdds + (into ? columns : 0) + (out ? rows : 0),
    kernels: [...inner.kernels, anyKernel(scaleColumnsKernel)],
    *steps(operand, scratch, pace) {
      const { tokens, y, accumulate } = operand;
      let { x } = operand;
      if (into) {
        const scaled = scratch(tokens * columns);
        yield* scale(x, into, scaled, tokens, columns, false);
        x = scaled;
      }
      if (!out) {
        yield* inner.steps({ ...operand, x }, scratch, pace);
        return;
      }
      const plain = scratch(tokens * rows);
      yield* inner.steps({ x, y: plain, tokens, accumulate: false }, scratch, pace);
      yield* scale(plain, out, y, tokens, rows, accumulate);
    },
    free() {
      inner.free();
      buffers.free(...held);
    },
  };
};

function* scale(
  matrix: GPUBuffer,
  diagonal: GPUBuffer,
  scaled: GPUBuffer,
  tokens: number,
  columns: number,
  accumulate: boolean,
): Generator<Dispatch> {
  for (let firstRow = 0; firstRow < tokens; firstRow += 65535) {
    const rows = Math.min(65535, tokens - firstRow);
    const uniforms = { columns, firstRow, rows, accumulate: Number(accumulate) };
    yield dispatch(scaleColumnsKernel, uniforms, [matrix, diagonal, scaled], 2 * rows * columns);
  }
}
