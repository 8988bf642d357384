import { type Dispatch, dispatch } from '../dispatcher';
import type { Kernel, UniformValues } from '../kernel';
import { cuts, type Pace } from '../pace';
import { GATHER_ROWS, type GatherKernels, OCTETS, transposeTokensKernel } from './kernels';
import type { Operand, Scratch } from './product';

// Beyond it, decoding an entry once for 8 tokens pays for turning x around.
const ROW_TOKENS = 4;
// A gathered multiply-add takes about as long as this many of a tile's, which the pace counts.
const GATHER_COST = 4;

interface Gathered {
  readonly rows: number;
  readonly columns: number;
  /** Quads of entries in the longest row: dispatches are cut as if every row had as many, so that none runs long. */
  readonly longest: number;
  readonly extra: UniformValues<Record<string, 'u32'>>;
  readonly stored: readonly GPUBuffer[];
}

/** x `[tokens, columns]` as `[columns, tokens]`, tokens padded to a multiple of 8. */
export function* transposed(
  { x, tokens }: Operand,
  columns: number,
  scratch: Scratch,
): Generator<Dispatch, GPUBuffer, undefined> {
  const padded = Math.ceil(tokens / 8) * 8;
  const xT = scratch(columns * padded);
  yield dispatch(transposeTokensKernel, { tokens, columns, padded }, [x, xT], columns * padded * 4);
  return xT;
}

/** The dispatches of a product with a form that stores entries. */
export function* gatherSteps(
  kernels: GatherKernels,
  { rows, columns, longest, extra, stored }: Gathered,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  const { x, y, tokens, accumulate } = operand;
  const fixed = { tokens, rows, columns, accumulate: Number(accumulate), ...extra };
  const perRow = 8 * GATHER_COST * (longest + 4);
  if (tokens <= ROW_TOKENS) {
    const perGroup = perRow * GATHER_ROWS * tokens;
    for (const [first, count] of cuts(Math.ceil(rows / GATHER_ROWS), perGroup, pace)) {
      const firstRow = first * GATHER_ROWS;
      const rowsHere = Math.min(count * GATHER_ROWS, rows - firstRow);
      const uniforms = { ...fixed, firstRow, rowsHere, firstOctet: 0, octetsHere: 0, stride: 0 };
      yield dispatch(kernels.row as unknown as Kernel, uniforms, [x, ...stored, y], count * perGroup);
    }
    return;
  }
  const octets = Math.ceil(tokens / 8);
  const bound = [yield* transposed(operand, columns, scratch), ...stored, y];
  const variant = Math.max(
    0,
    OCTETS.findLastIndex((size) => size <= octets),
  );
  const [across, down] = [OCTETS[variant]!, 64 / OCTETS[variant]!];
  const perGroup = perRow * down * across * 8;
  for (const [firstGroup, groups] of cuts(Math.ceil(octets / across), perGroup, pace)) {
    for (const [first, count] of cuts(Math.ceil(rows / down), perGroup * groups, pace)) {
      const uniforms = {
        ...fixed,
        firstOctet: firstGroup * across,
        octetsHere: Math.min(groups * across, octets - firstGroup * across),
        firstRow: first * down,
        rowsHere: Math.min(count * down, rows - first * down),
        stride: octets * 2,
      };
      yield dispatch(kernels.tokens[variant] as unknown as Kernel, uniforms, bound, perGroup * groups * count);
    }
  }
}

/** The kernels that `gatherSteps` takes. */
export const gatherKernelsOf = ({ row, tokens }: GatherKernels) =>
  [transposeTokensKernel, row, ...tokens].map((kernel) => kernel as unknown as Kernel);
