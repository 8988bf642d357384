import { type Dispatch, dispatch } from '../dispatcher';
import { anyKernel, type UniformValues } from '../kernel';
import { TILES } from '../kernels';
import { cuts, type Pace } from '../pace';
import type { Variants } from '../variants';
import { type GatherKernels, gatherRowsOf, OCTETS, transposeTokensKernels } from './gatherKernels';
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

const transposeKernel = ({ tile }: Variants) => transposeTokensKernels[TILES[tile].staged]!;

/** The dispatches of a product with a form that stores entries. */
export function* gatherSteps(
  kernels: GatherKernels,
  variants: Variants,
  { rows, columns, longest, extra, stored }: Gathered,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  const { x, y, tokens, accumulate } = operand;
  const fixed = { tokens, rows, columns, accumulate: Number(accumulate), ...extra };
  const perRow = 8 * GATHER_COST * (longest + 4);
  if (tokens <= ROW_TOKENS) {
    const rowsPerGroup = gatherRowsOf(variants.rowSlices);
    const perGroup = perRow * rowsPerGroup * tokens;
    for (const [first, count] of cuts(Math.ceil(rows / rowsPerGroup), perGroup, pace)) {
      const firstRow = first * rowsPerGroup;
      const rowsHere = Math.min(count * rowsPerGroup, rows - firstRow);
      const uniforms = { ...fixed, firstRow, rowsHere, firstOctet: 0, octetsHere: 0, stride: 0 };
      yield dispatch(anyKernel(kernels.row.get(variants.rowSlices)), uniforms, [x, ...stored, y], count * perGroup);
    }
    return;
  }
  const octets = Math.ceil(tokens / 8);
  // x turned around, tokens padded to a multiple of 8.
  const xT = scratch(columns * octets * 8);
  const turning = { tokens, columns, padded: octets * 8 };
  yield dispatch(transposeKernel(variants), turning, [x, xT], columns * octets * 32);
  const bound = [xT, ...stored, y];
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
      yield dispatch(anyKernel(kernels.tokens[variant]), uniforms, bound, perGroup * groups * count);
    }
  }
}

/** The kernels that `gatherSteps` takes. */
export const gatherKernelsOf = ({ row, tokens }: GatherKernels, variants: Variants) =>
  [transposeKernel(variants), row.get(variants.rowSlices), ...tokens].map(anyKernel);
