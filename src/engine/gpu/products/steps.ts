import { type Dispatch, dispatch } from '../dispatcher';
import type { Kernel, UniformValues } from '../kernel';
import type { Pace } from '../pace';
import { padTokensKernel, TILE, VECTOR_ROWS, WIDTHS } from './kernels';
import { anyKernel, cuts, type Operand, type Scratch } from './product';

/**
 * Up to this many tokens go through the kernels that read W once for eight. On SwiftShader (1024², 16 tokens, two runs of
 * bench/products on busy cores) two such passes took 416 ms, tiles 251 ms.
 */
export const VECTOR_TOKENS = 8;

// Terms summed in registers before they are added to y, as in gpu/matmul: rounding grows with √RUN + √(k/RUN).
const RUN = 512;

/** x with rows padded to whole quads; x itself where they are already. */
export function* padded(
  { x, tokens }: Operand,
  columns: number,
  scratch: Scratch,
): Generator<Dispatch, GPUBuffer, undefined> {
  const width = Math.ceil(columns / 4) * 4;
  if (width === columns) return x;
  const copy = scratch(tokens * width);
  for (let first = 0; first < tokens; first += 65535) {
    const here = Math.min(65535, tokens - first);
    const uniforms = { columns, padded: width, firstToken: first, tokens: here };
    yield dispatch(padTokensKernel, uniforms, [x, copy], here * width);
  }
  return copy;
}

interface Shared {
  readonly rows: number;
  readonly columns: number;
  /** Uniforms beside those of the library's kernel. */
  readonly extra: UniformValues<Record<string, 'u32' | 'f32'>>;
  /** The kernel's buffers, by its x. */
  readonly buffers: (x: GPUBuffer) => readonly GPUBuffer[];
}

/** The dispatches of a kernel made of lib/rowProduct; `variants` by `WIDTHS`. */
export function* vectorSteps(
  variants: readonly unknown[],
  { rows, columns, extra, buffers }: Shared,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  const x = yield* padded(operand, columns, scratch);
  const quads = Math.ceil(columns / 4);
  const bound = buffers(x);
  for (let firstToken = 0; firstToken < operand.tokens; firstToken += 8) {
    const tokens = Math.min(8, operand.tokens - firstToken);
    const variant = WIDTHS.findIndex((width) => width >= tokens);
    const perGroup = 2 * VECTOR_ROWS * quads * 4 * WIDTHS[variant]!;
    for (const [first, count] of cuts(Math.ceil(rows / VECTOR_ROWS), perGroup, pace)) {
      const firstRow = first * VECTOR_ROWS;
      const rowsHere = Math.min(count * VECTOR_ROWS, rows - firstRow);
      const accumulate = Number(operand.accumulate);
      const uniforms = { tokens, firstToken, rows, firstRow, rowsHere, quads, accumulate, ...extra };
      yield dispatch(anyKernel(variants[variant]), uniforms, bound, count * perGroup);
    }
  }
}

/** The dispatches of a kernel made of lib/tileProduct: tokens × rows in tiles, `depth` terms each in runs. */
export function* tileSteps(
  kernel: unknown,
  { rows, columns, extra, buffers, depth = columns }: Shared & { depth?: number },
  { x, tokens, accumulate }: Operand,
  pace: Pace,
): Generator<Dispatch> {
  const tilesDown = Math.ceil(tokens / TILE);
  const tilesAcross = Math.ceil(rows / TILE);
  const perTile = 2 * TILE * TILE * Math.min(depth, RUN);
  const bound = buffers(x);
  for (const [right, across] of cuts(tilesAcross, perTile, pace)) {
    for (const [below, down] of cuts(tilesDown, perTile * across, pace)) {
      for (let firstDepth = 0; firstDepth < depth; firstDepth += RUN) {
        const uniforms = {
          tokens,
          firstToken: below * TILE,
          rows,
          firstRow: right * TILE,
          columns,
          firstDepth,
          lastDepth: Math.min(firstDepth + RUN, depth),
          accumulate: Number(accumulate),
          tokensHere: Math.min(down * TILE, tokens - below * TILE),
          rowsHere: Math.min(across * TILE, rows - right * TILE),
          ...extra,
        };
        yield dispatch(kernel as Kernel, uniforms, bound, perTile * across * down);
      }
    }
  }
}
