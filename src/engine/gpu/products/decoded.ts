import { type Binding, type Dispatch, dispatch, fromOffset } from '../dispatcher';
import { anyKernel, type Kernel, type UniformValues } from '../kernel';
import type { RowSlices } from '../kernels';
import { MOST_VECTORS, matmulDispatches, matmulKernelsFor } from '../matmul';
import { cuts, type Pace } from '../pace';
import type { Variants } from '../variants';
import { copyColumnsKernel } from './kernels';
import type { Operand, Scratch } from './product';
import { tileSteps, vectorSteps } from './steps';

/** The kernels of a form whose weights are decoded before they are multiplied. */
export interface DecodingKernels {
  /** By slices, then by `WIDTHS`. */
  readonly vector: ReadonlyMap<RowSlices, readonly unknown[]>;
  readonly tile: Readonly<Record<string, unknown>>;
  /** Makes rows of the weight dense. */
  readonly dense: unknown;
}

interface Decoded {
  readonly rows: number;
  readonly columns: number;
  /** Uniforms of all three kernels beside those of their libraries. */
  readonly extra: UniformValues<Record<string, 'u32' | 'f32'>>;
  /** Further uniforms of the kernels for few tokens. */
  readonly vectorExtra?: UniformValues<Record<string, 'u32'>>;
  readonly stored: readonly GPUBuffer[];
}

// Numbers of a weight made dense at once: 16 MiB. Panels begin at multiples of 64 rows, so that their results begin where
// every adapter can bind them.
const PANEL = 2 ** 22;
const STEP = 64;
// Workgroups that a dispatch may have in one direction.
const MOST_ROWS = 65535 - (65535 % STEP);
// Decoding a weight takes about as long as this many floating-point operations.
const DECODE_COST = 16;

/** The kernels that `decodedSteps` takes. */
export function decodingKernelsOf(
  { vector, tile, dense }: DecodingKernels,
  rows: number,
  variants: Variants,
): Kernel[] {
  const { decoding, rowSlices } = variants;
  const many =
    decoding === 'unpacked'
      ? [dense, ...[1, 4, MOST_VECTORS, rows].flatMap((n) => matmulKernelsFor({ m: MOST_VECTORS + 1, n }, variants))]
      : [tile[decoding]];
  return [copyColumnsKernel, ...vector.get(rowSlices)!, ...many].map(anyKernel);
}

/**
 * The dispatches of a product with a weight that is decoded: in registers for few tokens, otherwise once for each tile,
 * or once for all.
 */
export function decodedSteps(
  { vector, tile, dense }: DecodingKernels,
  variants: Variants,
  { rows, columns, extra, vectorExtra, stored }: Decoded,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Iterable<Dispatch> {
  const { decoding, rowSlices } = variants;
  const shape = { rows, columns, extra, buffers: (x: Binding) => [x, ...stored, operand.y] };
  if (operand.tokens <= MOST_VECTORS) {
    const own = { ...shape, extra: { ...vectorExtra, ...extra } };
    return vectorSteps(vector, rowSlices, own, operand, scratch, pace);
  }
  if (decoding !== 'unpacked') return tileSteps(tile, decoding, shape, operand, pace);
  return unpackedSteps(anyKernel(dense), variants, { rows, columns, extra, stored }, operand, scratch, pace);
}

function* unpackedSteps(
  kernel: Kernel,
  variants: Variants,
  { rows, columns, extra, stored }: Decoded,
  { x, y, tokens, accumulate }: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  const fitting = Math.min(MOST_ROWS, Math.floor(PANEL / columns));
  const each = Math.max(STEP, fitting - (fitting % STEP));
  const panel = scratch(Math.min(each, rows) * columns);
  for (let begin = 0; begin < rows; begin += each) {
    const count = Math.min(each, rows - begin);
    const perRow = DECODE_COST * columns;
    for (const [first, rowsHere] of cuts(Math.ceil(count / STEP), perRow * STEP, pace)) {
      const here = Math.min(rowsHere * STEP, count - first * STEP);
      const into = { buffer: panel, offset: first * STEP * columns * 4 };
      const uniforms = { columns, firstRow: begin + first * STEP, rowsHere: here, ...extra };
      yield dispatch(kernel, uniforms, [...stored, into], perRow * here);
    }
    const c = fromOffset(y, begin * 4);
    const product = { m: tokens, n: count, k: columns, a: x, b: panel, c, transposeB: true, strideC: rows };
    yield* matmulDispatches({ ...product, beta: Number(accumulate) }, variants, pace);
  }
}
