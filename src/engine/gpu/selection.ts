import {
  checkGroupMaskSize,
  checkKeep,
  checkShape,
  DIGITS,
  type Mask,
  PASSES,
  readList,
  type Selection,
  searchThreshold,
} from '../backend/selection';
import type { LongCall } from '../core/progress';
import { countDigits, groupMask, type Operand, rowMask, type SelectionContext, thresholdMask } from './selectionSteps';
import type { Session } from './session';

/** `Selection` on the GPU of the session that `using` gives: values go there in pieces that the adapter can bind. */
export function gpuSelection(using: () => Session): Selection {
  const begin = (): { context: SelectionContext; most: number } => {
    const { dispatcher, buffers, selectionPace: pace, panelBytes } = using();
    return { context: { dispatcher, buffers, pace }, most: Math.floor(panelBytes / 4) };
  };

  /** The masks that `step` finds of rows, joined. */
  async function ofRows(
    mask: Mask,
    values: Float32Array,
    columns: number,
    call: LongCall,
    step: (context: SelectionContext, operand: Operand) => Promise<GPUBuffer>,
  ): Promise<Mask> {
    const { context, most } = begin();
    const each = (mask.length / values.length) * columns;
    for (const { from, to } of pieces(values.length / columns, 1, Math.floor(most / columns))) {
      const part = values.subarray(from * columns, to * columns);
      const buffer = await onGpu(context, part, columns, (operand) => step(context, operand));
      try {
        mask.set(new Uint32Array(await context.buffers.read(buffer)), from * each);
      } finally {
        context.buffers.free(buffer);
      }
      call.onProgress?.({ done: to * columns, total: values.length, label: 'Selection' });
    }
    return mask;
  }

  return {
    async largestThreshold(lists, keep, { signal, onProgress } = {}) {
      const total = lists.reduce((sum, { length }) => sum + length, 0);
      const { context, most } = begin();
      const { buffers, dispatcher } = context;
      const counts = buffers.create(DIGITS, 'the counts of a selection');
      try {
        return await searchThreshold(total, keep, async (digit, pass) => {
          dispatcher.clear(counts);
          let seen = 0;
          for (const list of lists) {
            signal?.throwIfAborted();
            const values = await readList(list);
            for (const { from, to } of pieces(values.length, 1, most)) {
              await onGpu(context, values.subarray(from, to), to - from, (operand) =>
                countDigits(context, operand, counts, digit, { signal }),
              );
              seen += to - from;
              onProgress?.({ done: pass * total + seen, total: PASSES.length * total, label: 'Selection' });
            }
          }
          return new Uint32Array(await buffers.read(counts));
        });
      } finally {
        buffers.free(counts);
      }
    },

    async thresholdMask(values, threshold, { signal, onProgress } = {}) {
      const { context, most } = begin();
      const mask = new Uint32Array(Math.ceil(values.length / 32));
      let rest = threshold;
      for (const { from, to } of pieces(values.length, 32, most)) {
        const found = await onGpu(context, values.subarray(from, to), to - from, (operand) =>
          thresholdMask(context, operand, rest, { signal }),
        );
        try {
          const words = new Uint32Array(await context.buffers.read(found.mask));
          mask.set(words.subarray(0, Math.ceil((to - from) / 32)), from / 32);
        } finally {
          context.buffers.free(found.mask);
        }
        rest = found.rest;
        onProgress?.({ done: to, total: values.length, label: 'Selection' });
      }
      return { mask, rest };
    },

    async rowMask(values, rows, columns, keep, call = {}) {
      checkShape(values, rows, columns);
      checkKeep(keep);
      const mask = new Uint32Array(rows * Math.ceil(columns / 32));
      return ofRows(mask, values, columns, call, (context, operand) => rowMask(context, operand, keep, call));
    },

    async groupMask(values, rows, columns, keep, size, call = {}) {
      checkShape(values, rows, columns);
      checkKeep(keep);
      checkGroupMaskSize(size);
      const mask = new Uint32Array(rows * Math.ceil(columns / 32));
      return ofRows(mask, values, columns, call, (context, operand) => groupMask(context, operand, keep, size, call));
    },
  };
}

/** 0…length in pieces of at most `most`, but at least one `step`, that begin at multiples of `step`. */
function* pieces(length: number, step: number, most: number): Generator<{ from: number; to: number }> {
  const piece = Math.max(step, most - (most % step));
  for (let from = 0; from < length; from += piece) yield { from, to: Math.min(length, from + piece) };
}

/** `work` on values that are on the GPU for as long as it takes. */
async function onGpu<Result>(
  { buffers }: SelectionContext,
  values: Float32Array,
  columns: number,
  work: (operand: Operand) => Promise<Result>,
): Promise<Result> {
  const buffer = buffers.upload(values, 'weights to select from');
  try {
    return await work({ buffer, rows: values.length / columns, columns });
  } finally {
    buffers.free(buffer);
  }
}
