import { bitsOfFloat, type Digit, type Threshold } from '../backend/selection';
import type { Buffers } from './buffers';
import { type Dispatch, type Dispatcher, dispatch, type PacedCall } from './dispatcher';
import type { Pace } from './pace';
import { digitsKernel, groupMaskKernel, maskKernel, rowThresholdsKernel, tiesKernel } from './selectionKernels';

/** The steps of a selection on buffers; what they find is described at `Selection`. */
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

// A list is cut into rows of this many values, a multiple of 32.
const CUT = 4096;
const MOST_WORKGROUPS = 256;
// Turns of the kernel that finds a row's threshold.
const ROW_PASSES = 4;
// dispatchWorkgroups' limit on every adapter.
const MOST_ROWS = 65535;
// What a value costs beside a floating-point operation, which is what a pace counts: SwiftShader reads and compares one
// in 50 to 100 ns. Without it the first dispatches there would run for seconds.
const WORK_PER_VALUE = 50;

/** counts[d] += how many magnitudes that begin with `prefix` have the digit d at `shift`; DIGITS counts. */
export async function countDigits(
  { dispatcher, pace }: SelectionContext,
  operand: Operand,
  counts: GPUBuffer,
  digit: Digit,
  call: PacedCall = {},
): Promise<void> {
  await dispatcher.pipelines.prepare(digitsKernel);
  await dispatcher.runPaced(digitDispatches(operand, counts, digit, pace), pace, call);
}

function* digitDispatches(
  { buffer, rows, columns }: Operand,
  counts: GPUBuffer,
  digit: Digit,
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
 * The mask of what `threshold` keeps of an operand, as one list of all its values in order, and the threshold for what
 * comes behind it. The caller frees the mask.
 */
export async function thresholdMask(
  context: SelectionContext,
  { buffer, rows, columns }: Operand,
  { threshold, ties, equal }: Threshold,
  call: PacedCall = {},
): Promise<{ mask: GPUBuffer; rest: Threshold }> {
  const length = rows * columns;
  const key = bitsOfFloat(threshold);
  const cuts = { buffer, length, columns: CUT, rows: Math.ceil(length / CUT) };
  const thresholds = new Uint32Array(2 * cuts.rows).fill(key);
  const counts = ties < equal ? await tiesOf(context, cuts, key, call) : undefined;
  let left = ties;
  let met = 0;
  for (let row = 0; row < cuts.rows; row++) {
    const kept = counts ? Math.min(left, counts[row]!) : CUT;
    thresholds[2 * row + 1] = kept;
    left -= kept;
    met += counts?.[row] ?? 0;
  }
  const mask = await masksOf(context, cuts, thresholds, call);
  return { mask, rest: counts ? { threshold, ties: left, equal: equal - met } : { threshold, ties, equal } };
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
    const each = rowDispatches(rows, ROW_PASSES * columns, pace, (firstRow, count, work) =>
      dispatch(rowThresholdsKernel, { columns, keep, firstRow, rows: count }, [buffer, thresholds], work),
    );
    await dispatcher.runPaced(each, pace, call);
    return await masksOf(context, { buffer, length: rows * columns, rows, columns }, thresholds, call);
  } finally {
    buffers.free(thresholds);
  }
}

/**
 * An N:M mask: the `keep` largest magnitudes of every `size` consecutive values of a row; `size` divides 32. The caller
 * frees it.
 */
export async function groupMask(
  { dispatcher, buffers, pace }: SelectionContext,
  { buffer, rows, columns }: Operand,
  keep: number,
  size: number,
  call: PacedCall = {},
): Promise<GPUBuffer> {
  await dispatcher.pipelines.prepare(groupMaskKernel);
  const mask = buffers.create(rows * Math.ceil(columns / 32), 'an N:M mask');
  const each = rowDispatches(rows, columns * size, pace, (firstRow, count, work) =>
    dispatch(groupMaskKernel, { columns, size, keep, firstRow, rows: count }, [buffer, mask], work),
  );
  return filled(mask, buffers, dispatcher.runPaced(each, pace, call));
}

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
