/** How many weights share each distinct value. */
export interface SlotsPicture {
  readonly kind: 'slots';
  /** Of the most used values, at most 256; falling. */
  readonly counts: readonly number[];
  readonly distinct: number;
  readonly of: number;
}

const MOST_SLOTS = 256;

export function slotsOf(values: Float32Array): SlotsPicture {
  const sorted = values.toSorted();
  const counts: number[] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[from]) continue;
    counts.push(i - from);
    from = i;
  }
  counts.sort((a, b) => b - a);
  return { kind: 'slots', counts: counts.slice(0, MOST_SLOTS), distinct: counts.length, of: values.length };
}
