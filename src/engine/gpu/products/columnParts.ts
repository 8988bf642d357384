import type { ColumnPart } from '../../backend/weights';
import { type Binding, type Dispatch, dispatch } from '../dispatcher';
import { anyKernel } from '../kernel';
import { pickColumnsKernel } from './kernels';
import { bytesOf, type PreparedForm, type ProductContext } from './product';

/** Each part multiplies its columns of x and adds the result to that of the parts before it. */
export function columnPartsWeight(
  { buffers }: ProductContext,
  parts: readonly ColumnPart<PreparedForm>[],
): PreparedForm {
  const { rows } = parts[0]!.weight;
  const columns = parts.reduce((sum, part) => sum + part.columns.length, 0);
  const places = parts.map((part) => buffers.upload(Uint32Array.from(part.columns), 'The columns of a part'));
  return {
    rows,
    columns,
    bytes: parts.reduce((sum, { weight }) => sum + weight.bytes, 0) + bytesOf(...places),
    kernels: [...parts.flatMap(({ weight }) => weight.kernels), anyKernel(pickColumnsKernel)],
    *steps(operand, scratch, pace) {
      const { x, tokens } = operand;
      for (const [i, { weight }] of parts.entries()) {
        const own = scratch(tokens * weight.columns);
        yield* pick(x, places[i]!, own, tokens, columns, weight.columns);
        yield* weight.steps({ ...operand, x: own, accumulate: operand.accumulate || i > 0 }, scratch, pace);
      }
    },
    free() {
      for (const { weight } of parts) weight.free();
      buffers.free(...places);
    },
  };
}

function* pick(
  x: Binding,
  places: GPUBuffer,
  own: GPUBuffer,
  tokens: number,
  columns: number,
  picked: number,
): Generator<Dispatch> {
  for (let firstToken = 0; firstToken < tokens; firstToken += 65535) {
    const here = Math.min(65535, tokens - firstToken);
    yield dispatch(pickColumnsKernel, { columns, picked, firstToken, tokens: here }, [x, places, own], here * picked);
  }
}
