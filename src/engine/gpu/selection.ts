import type { Buffers } from './buffers';
import { type Dispatch, type Dispatcher, dispatch, type PacedCall } from './dispatcher';
import type { Pace } from './pace';
import {
  DIGITS,
  digitsKernel,
  extremaKernel,
  extremaLanes,
  groupMaskKernel,
  maskKernel,
  rowThresholdsKernel,
  SELECTION_KERNELS,
  tiesKernel,
} from './selectionKernels';

/**
 * Which weights to keep, and the ranges of groups: what pruning and quantisation ask of a hundred million weights. No
 * sorting: thresholds are found digit by digit from counts over the floats' bits, so that they are exact, and equal
 * magnitudes are kept in the order of their places. Values must be finite.
 *
 * Masks hold one bit per value, the lowest first; each row of a matrix begins a new 32-bit word.
 */
export interface SelectionContext {
  readonly dispatcher: Dispatcher;
  readonly buffers: Buffers;
  readonly pace: Pace;
}

/** Float32 values on the GPU, [rows, columns]. */
export interface Operand {
  readonly buffer: GPUBuffer;
  readonly rows: number;
  readonly columns: number;
}

/** The magnitudes to keep are those above `threshold`, and the first `ties` of those that equal it. */
export interface Threshold {
  readonly threshold: number;
  readonly ties: number;
  /** How many equal it. */
  readonly equal: number;
}

// A list is cut into rows of this many values, a multiple of 32.
const CUT = 4096;
const MOST_WORKGROUPS = 256;
// dispatchWorkgroups' limit on every adapter.
const MOST_ROWS = 65535;
// The three digits of a 31-bit magnitude, highest first.
const PASSES = [
  { shift: 20, mask: 0x7ff00000 },
  { shift: 9, mask: 0x000ffe00 },
  { shift: 0, mask: 0x000001ff },
];
// What a value costs beside a floating-point operation, which is what a pace counts: SwiftShader reads and compares one
// in 50 to 100 ns. Without it the first dispatches there would run for seconds.
const WORK_PER_VALUE = 50;
const FIRST_NOT_FINITE = 0x7f800000 >>> 20;

/** The bits' float32. */
const floatOf = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
const bitsOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

/**
 * The threshold that keeps the `keep` largest magnitudes of all operands together, 1 ≤ keep ≤ values. Reads each value
 * three times. Throws a RangeError where values are not finite or `keep` is out of range.
 */
export async function largestThreshold(
  context: SelectionContext,
  operands: readonly Operand[],
  keep: number,
  call: PacedCall = {},
): Promise<Threshold> {
  const { dispatcher, buffers, pace } = context;
  const total = operands.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  if (!Number.isInteger(keep) || keep < 1 || keep > total) {
    throw new RangeError(`Of ${total} values, 1 to ${total} can be kept, not ${keep}.`);
  }
  await dispatcher.pipelines.prepare(digitsKernel);
  const counts = buffers.create(DIGITS, 'the counts of a selection');
  try {
    let [prefix, prefixMask, wanted, equal] = [0, 0, keep, 0];
    for (const { shift, mask } of PASSES) {
      dispatcher.clear(counts);
      for (const operand of operands) {
        const uniforms = { prefix, prefixMask, shift };
        await dispatcher.runPaced(digitDispatches(operand, counts, uniforms, pace), pace, call);
      }
      const seen = new Uint32Array(await buffers.read(counts));
      if (prefixMask === 0 && seen.subarray(FIRST_NOT_FINITE).some((count) => count > 0)) {
        throw new RangeError('The weights to select from have values that are not finite.');
      }
      let digit = DIGITS - 1;
      for (; seen[digit]! < wanted; digit--) wanted -= seen[digit]!;
      equal = seen[digit]!;
      prefix |= digit << shift;
      prefixMask |= mask;
    }
    return { threshold: floatOf(prefix), ties: wanted, equal };
  } finally {
    buffers.free(counts);
  }
}

function* digitDispatches(
  { buffer, rows, columns }: Operand,
  counts: GPUBuffer,
  digit: { prefix: number; prefixMask: number; shift: number },
  pace: Pace,
): Generator<Dispatch> {
  const length = rows * columns;
  for (let first = 0; first < length; ) {
    const last = Math.min(length, first + Math.max(CUT, Math.floor(pace.budget / 2 / WORK_PER_VALUE)));
    const workgroups = Math.min(MOST_WORKGROUPS, Math.ceil((last - first) / CUT));
    yield dispatch(
      digitsKernel,
      { first, last, ...digit, workgroups },
      [buffer, counts],
      WORK_PER_VALUE * (last - first),
    );
    first = last;
  }
}

/**
 * Masks of what `threshold` keeps, one per operand as one list of all its values in order. Where fewer equals are kept
 * than there are, those of earlier operands come first. The caller frees the masks.
 */
export async function thresholdMasks(
  context: SelectionContext,
  operands: readonly Operand[],
  { threshold, ties, equal }: Threshold,
  call: PacedCall = {},
): Promise<GPUBuffer[]> {
  const masks: GPUBuffer[] = [];
  let left = ties;
  try {
    for (const { buffer, rows, columns } of operands) {
      const length = rows * columns;
      const cuts = { buffer, length, columns: CUT, rows: Math.ceil(length / CUT) };
      const thresholds = new Uint32Array(2 * cuts.rows).fill(bitsOf(threshold));
      const counts = ties < equal ? await tiesOf(context, cuts, bitsOf(threshold), call) : undefined;
      for (let row = 0; row < cuts.rows; row++) {
        const kept = counts ? Math.min(left, counts[row]!) : CUT;
        thresholds[2 * row + 1] = kept;
        if (counts) left -= kept;
      }
      masks.push(await masksOf(context, cuts, thresholds, call));
    }
    return masks;
  } catch (error) {
    context.buffers.free(...masks);
    throw error;
  }
}

/** A mask of the `keep` largest magnitudes of each row; `keep` from 0. The caller frees it. */
export async function rowMask(
  context: SelectionContext,
  { buffer, rows, columns }: Operand,
  keep: number,
  call: PacedCall = {},
): Promise<GPUBuffer> {
  const { dispatcher, buffers, pace } = context;
  await dispatcher.pipelines.prepare(rowThresholdsKernel);
  const thresholds = buffers.create(2 * rows, 'the thresholds of rows');
  try {
    const each = rowDispatches(rows, PASSES.length * columns, pace, (firstRow, count, work) =>
      dispatch(rowThresholdsKernel, { columns, keep, firstRow, rows: count }, [buffer, thresholds], work),
    );
    await dispatcher.runPaced(each, pace, call);
    return await masksOf(context, { buffer, length: rows * columns, rows, columns }, thresholds, call);
  } finally {
    buffers.free(thresholds);
  }
}

/**
 * An N:M mask: the `keep` largest magnitudes of every `size` consecutive values of a row. Throws a RangeError unless
 * `size` divides 32. The caller frees it.
 */
export async function groupMask(
  { dispatcher, buffers, pace }: SelectionContext,
  { buffer, rows, columns }: Operand,
  keep: number,
  size: number,
  call: PacedCall = {},
): Promise<GPUBuffer> {
  if (![1, 2, 4, 8, 16, 32].includes(size)) throw new RangeError(`Groups of ${size}: 1, 2, 4, 8, 16 or 32 can be had.`);
  await dispatcher.pipelines.prepare(groupMaskKernel);
  const mask = buffers.create(rows * Math.ceil(columns / 32), 'an N:M mask');
  const each = rowDispatches(rows, columns * size, pace, (firstRow, count, work) =>
    dispatch(groupMaskKernel, { columns, size, keep, firstRow, rows: count }, [buffer, mask], work),
  );
  return filled(mask, buffers, dispatcher.runPaced(each, pace, call));
}

/**
 * [rows, ⌈columns/size⌉, 2]: least and largest of every `size` consecutive values of a row, exactly; −0 is less than +0.
 * The caller frees it.
 */
export async function groupExtrema(
  { dispatcher, buffers, pace }: SelectionContext,
  { buffer, rows, columns }: Operand,
  size: number,
  call: PacedCall = {},
): Promise<GPUBuffer> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`Groups hold 1 value or more, not ${size}.`);
  await dispatcher.pipelines.prepare(extremaKernel);
  const found = buffers.create(2 * rows * Math.ceil(columns / size), 'the ranges of groups');
  const lanes = extremaLanes(size);
  const each = rowDispatches(rows, columns, pace, (firstRow, count, work) =>
    dispatch(extremaKernel, { columns, size, lanes, firstRow, rows: count }, [buffer, found], work),
  );
  return filled(found, buffers, dispatcher.runPaced(each, pace, call));
}

/** Compiles every kernel of this file ahead of time. */
export const prepareSelection = ({ dispatcher }: SelectionContext): Promise<void> =>
  dispatcher.pipelines.prepare(...SELECTION_KERNELS);

interface Cuts extends Operand {
  readonly length: number;
}

async function tiesOf(context: SelectionContext, cuts: Cuts, threshold: number, call: PacedCall): Promise<Uint32Array> {
  const { dispatcher, buffers, pace } = context;
  const { buffer, rows, columns, length } = cuts;
  await dispatcher.pipelines.prepare(tiesKernel);
  const counts = buffers.create(rows, 'the ties of a selection');
  try {
    const each = rowDispatches(rows, columns, pace, (firstRow, count, work) =>
      dispatch(tiesKernel, { length, columns, threshold, firstRow, rows: count }, [buffer, counts], work),
    );
    await dispatcher.runPaced(each, pace, call);
    return new Uint32Array(await buffers.read(counts));
  } finally {
    buffers.free(counts);
  }
}

async function masksOf(context: SelectionContext, cuts: Cuts, known: Uint32Array | GPUBuffer, call: PacedCall) {
  const { dispatcher, buffers, pace } = context;
  const { buffer, rows, columns, length } = cuts;
  await dispatcher.pipelines.prepare(maskKernel);
  const own = known instanceof Uint32Array ? buffers.upload(known, 'the thresholds of rows') : undefined;
  try {
    const mask = buffers.create(rows * Math.ceil(columns / 32), 'a mask');
    const thresholds = own ?? (known as GPUBuffer);
    const each = rowDispatches(rows, columns, pace, (firstRow, count, work) =>
      dispatch(maskKernel, { length, columns, firstRow, rows: count }, [buffer, thresholds, mask], work),
    );
    return await filled(mask, buffers, dispatcher.runPaced(each, pace, call));
  } finally {
    if (own) buffers.free(own);
  }
}

async function filled(buffer: GPUBuffer, buffers: Buffers, running: Promise<void>): Promise<GPUBuffer> {
  try {
    await running;
    return buffer;
  } catch (error) {
    buffers.free(buffer);
    throw error;
  }
}

/** Rows in groups of at most half a batch. */
function* rowDispatches(
  rows: number,
  valuesPerRow: number,
  pace: Pace,
  make: (firstRow: number, rows: number, work: number) => Dispatch,
): Generator<Dispatch> {
  const workPerRow = WORK_PER_VALUE * valuesPerRow;
  let count: number;
  for (let firstRow = 0; firstRow < rows; firstRow += count) {
    count = Math.max(1, Math.min(rows - firstRow, MOST_ROWS, Math.floor(pace.budget / 2 / workPerRow)));
    yield make(firstRow, count, count * workPerRow);
  }
}
