import { type Binding, type Dispatch, dispatch } from '../dispatcher';
import { anyKernel, type Kernel, type UniformValues } from '../kernel';
import { type RowSlices, type TileVariant, tileSize, WIDTHS } from '../kernels';
import { cuts, type Pace } from '../pace';
import { copyColumns } from './copyColumns';
import { rowsOf } from './kernelParts';
import type { Operand, Scratch } from './product';

// Terms summed in registers before they are added to y, as in gpu/matmul: rounding grows with √RUN + √(k/RUN).
const RUN = 512;

/** x with rows padded to whole quads; x itself where they are already. */
export function* padded(
  { x, tokens }: Operand,
  columns: number,
  scratch: Scratch,
): Generator<Dispatch, Binding, undefined> {
  const width = Math.ceil(columns / 4) * 4;
  if (width === columns) return x;
  const copy = scratch(tokens * width);
  yield* copyColumns(x, copy, tokens, { columns, written: width, stride: width, firstColumn: 0, accumulate: 0 });
  return copy;
}

interface Shared {
  readonly rows: number;
  readonly columns: number;
  /** Uniforms beside those of the library's kernel. */
  readonly extra: UniformValues<Record<string, 'u32' | 'f32'>>;
  /** The kernel's buffers, by its x. */
  readonly buffers: (x: Binding) => readonly Binding[];
}

/** The dispatches of a kernel made of lib/rowProduct; `kernels` by slices, then by `WIDTHS`. */
export function* vectorSteps(
  kernels: ReadonlyMap<RowSlices, readonly unknown[]>,
  slices: RowSlices,
  { rows, columns, extra, buffers }: Shared,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  const x = yield* padded(operand, columns, scratch);
  const quads = Math.ceil(columns / 4);
  const bound = buffers(x);
  const rowsPerGroup = rowsOf(slices);
  for (let firstToken = 0; firstToken < operand.tokens; firstToken += 8) {
    const tokens = Math.min(8, operand.tokens - firstToken);
    const variant = WIDTHS.findIndex((width) => width >= tokens);
    const perGroup = 2 * rowsPerGroup * quads * 4 * WIDTHS[variant]!;
    for (const [first, count] of cuts(Math.ceil(rows / rowsPerGroup), perGroup, pace)) {
      const firstRow = first * rowsPerGroup;
      const rowsHere = Math.min(count * rowsPerGroup, rows - firstRow);
      const accumulate = Number(operand.accumulate);
      const uniforms = { tokens, firstToken, rows, firstRow, rowsHere, quads, accumulate, ...extra };
      yield dispatch(anyKernel(kernels.get(slices)![variant]), uniforms, bound, count * perGroup);
    }
  }
}

/** The dispatches of a kernel made of lib/tileProduct: tokens × rows in tiles, `depth` terms each in runs. */
export function* tileSteps(
  kernels: Readonly<Record<TileVariant, unknown>>,
  variant: TileVariant,
  { rows, columns, extra, buffers, depth = columns }: Shared & { depth?: number },
  { x, tokens, accumulate }: Operand,
  pace: Pace,
): Generator<Dispatch> {
  const size = tileSize(variant);
  const tilesDown = Math.ceil(tokens / size);
  const tilesAcross = Math.ceil(rows / size);
  const perTile = 2 * size * size * Math.min(depth, RUN);
  const bound = buffers(x);
  for (const [right, across] of cuts(tilesAcross, perTile, pace)) {
    for (const [below, down] of cuts(tilesDown, perTile * across, pace)) {
      for (let firstDepth = 0; firstDepth < depth; firstDepth += RUN) {
        const uniforms = {
          tokens,
          firstToken: below * size,
          rows,
          firstRow: right * size,
          columns,
          firstDepth,
          lastDepth: Math.min(firstDepth + RUN, depth),
          accumulate: Number(accumulate),
          tokensHere: Math.min(down * size, tokens - below * size),
          rowsHere: Math.min(across * size, rows - right * size),
          ...extra,
        };
        yield dispatch(kernels[variant] as Kernel, uniforms, bound, perTile * across * down);
      }
    }
  }
}
