import {
  bitsOfFloat,
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
import { type LongCall, Pacer } from '../core/progress';

// Values between two looks at the clock: some milliseconds.
const PIECE = 1 << 20;
// A row is short: digits of 8 bits, whose counts are cleared soon.
const ROW_DIGITS = [
  { shift: 23, digits: 256 },
  { shift: 15, digits: 256 },
  { shift: 7, digits: 256 },
  { shift: 0, digits: 128 },
];
const NOTHING = { threshold: 0xffffffff, ties: 0 };

/**
 * `Selection` in TypeScript. Magnitudes are compared as the whole numbers that their bits are, as on the GPU. Measured
 * with 100 M weights on one core: bench/results/selection.json.
 */
export const cpuSelection: Selection = {
  async largestThreshold(lists, keep, { signal, onProgress } = {}) {
    const pacer = new Pacer(signal);
    const total = lists.reduce((sum, { length }) => sum + length, 0);
    return searchThreshold(total, keep, async ({ prefix, prefixMask, shift }, pass) => {
      const counts = new Uint32Array(DIGITS);
      let seen = 0;
      for (const list of lists) {
        signal?.throwIfAborted();
        const bits = bitsOf(await readList(list));
        for (let from = 0; from < bits.length; from += PIECE) {
          const to = Math.min(bits.length, from + PIECE);
          countDigits(bits, from, to, prefix, prefixMask, shift, DIGITS, counts);
          seen += to - from;
          onProgress?.({ done: pass * total + seen, total: PASSES.length * total, label: 'Selection' });
          await pacer.breathe();
        }
      }
      return counts;
    });
  },

  async thresholdMask(values, threshold, call = {}) {
    const key = bitsOfFloat(threshold.threshold);
    const bits = bitsOf(values);
    const mask = new Uint32Array(Math.ceil(bits.length / 32));
    let ties = threshold.ties;
    let equal = threshold.equal;
    await inPieces(bits.length, 32, call, (from, to) => {
      const met = writeMask(bits, from, to, key, ties, mask, from >>> 5);
      ties = Math.max(0, ties - met);
      equal -= met;
    });
    // Where all equals are kept there is nothing to count, and nothing changes.
    return { mask, rest: threshold.ties < threshold.equal ? { ...threshold, ties, equal } : threshold };
  },

  async rowMask(values, rows, columns, keep, call = {}) {
    checkShape(values, rows, columns);
    checkKeep(keep);
    const bits = bitsOf(values);
    const words = Math.ceil(columns / 32);
    const mask = new Uint32Array(rows * words);
    const counts = new Uint32Array(256);
    await inPieces(values.length, columns, call, (from, to) => {
      for (let row = from / columns; row < to / columns; row++) {
        const at = row * columns;
        const { threshold, ties } = rowThreshold(bits, at, at + columns, keep, counts);
        writeMask(bits, at, at + columns, threshold, ties, mask, row * words);
      }
    });
    return mask;
  },

  async groupMask(values, rows, columns, keep, size, call = {}) {
    checkShape(values, rows, columns);
    checkKeep(keep);
    checkGroupMaskSize(size);
    const bits = bitsOf(values);
    const words = Math.ceil(columns / 32);
    const mask: Mask = new Uint32Array(rows * words);
    await inPieces(values.length, columns, call, (from, to) => {
      for (let row = from / columns; row < to / columns; row++) {
        for (let first = 0; first < columns; first += size) {
          const at = row * columns + first;
          const last = at + Math.min(size, columns - first);
          mask[row * words + (first >>> 5)]! |= groupBits(bits, at, last, Math.min(keep, size)) << (first & 31);
        }
      }
    });
    return mask;
  },
};

const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

/** `work` on pieces of 0…length that begin at multiples of `step`, each some milliseconds long. */
async function inPieces(
  length: number,
  step: number,
  { signal, onProgress }: LongCall,
  work: (from: number, to: number) => void,
): Promise<void> {
  const pacer = new Pacer(signal);
  const piece = Math.max(step, PIECE - (PIECE % step));
  signal?.throwIfAborted();
  for (let from = 0; from < length; from += piece) {
    const to = Math.min(length, from + piece);
    work(from, to);
    onProgress?.({ done: to, total: length, label: 'Selection' });
    await pacer.breathe();
  }
}

/** counts[d] += how many magnitudes that begin with `prefix` have the digit d at `shift`. */
function countDigits(
  bits: Int32Array,
  from: number,
  to: number,
  prefix: number,
  prefixMask: number,
  shift: number,
  digits: number,
  counts: Uint32Array,
): void {
  for (let i = from; i < to; i++) {
    const key = bits[i]! & 0x7fffffff;
    if ((key & prefixMask) === prefix) counts[(key >>> shift) & (digits - 1)]!++;
  }
}

/** The `keep` largest magnitudes of bits[from … to) are those above `threshold`, and the first `ties` that equal it. */
function rowThreshold(bits: Int32Array, from: number, to: number, keep: number, counts: Uint32Array) {
  let ties = Math.min(keep, to - from);
  if (ties < 1) return NOTHING;
  let threshold = 0;
  let mask = 0;
  for (const { shift, digits } of ROW_DIGITS) {
    counts.fill(0);
    countDigits(bits, from, to, threshold, mask, shift, digits, counts);
    let digit = digits - 1;
    for (; counts[digit]! < ties; digit--) ties -= counts[digit]!;
    threshold |= digit << shift;
    mask |= (digits - 1) << shift;
  }
  return { threshold, ties };
}

/**
 * Sets the bits of what is above `threshold`, and of the first `ties` that equal it, in the words from `word` on. Returns
 * how many equal it.
 */
function writeMask(
  bits: Int32Array,
  from: number,
  to: number,
  threshold: number,
  ties: number,
  mask: Uint32Array,
  word: number,
): number {
  let equal = 0;
  for (let first = from; first < to; first += 32) {
    const last = Math.min(to, first + 32);
    let kept = 0;
    for (let i = first; i < last; i++) {
      const key = bits[i]! & 0x7fffffff;
      if (key > threshold || (key === threshold && equal++ < ties)) kept |= 1 << (i - first);
    }
    mask[word++] = kept;
  }
  return equal;
}

/**
 * Bit i: whether fewer than `keep` of the group come before its value i, by magnitude and then by place. Without branches:
 * a sign bit of a difference is a comparison, and which weight is larger cannot be predicted (four times as fast).
 */
function groupBits(bits: Int32Array, from: number, to: number, keep: number): number {
  let kept = 0;
  for (let i = from; i < to; i++) {
    const key = bits[i]! & 0x7fffffff;
    let before = 0;
    for (let j = from; j < i; j++) before += (key - (bits[j]! & 0x7fffffff) - 1) >>> 31;
    for (let j = i + 1; j < to; j++) before += (key - (bits[j]! & 0x7fffffff)) >>> 31;
    kept |= ((before - keep) >>> 31) << (i - from);
  }
  return kept;
}
