/** The weights that share a scale with the largest one, before and after rounding, in rising order. */
export interface GridPicture {
  readonly kind: 'grid';
  readonly row: number;
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Distinct values after rounding. */
  readonly levels: number;
  /** Root mean square of all these weights before rounding. */
  readonly rms: number;
}

/** A small chart can hold this many dots. */
const MOST_DOTS = 400;

/** `group`: how many weights of a row share a scale; the last group of a row may be shorter. */
export function gridOf(
  before: Float32Array,
  after: Float32Array,
  [height]: readonly number[],
  group: number,
): GridPicture {
  const width = before.length / height!;
  let at = 0;
  for (let i = 0; i < before.length; i++) if (Math.abs(before[i]!) > Math.abs(before[at]!)) at = i;
  const row = Math.floor(at / width);
  const from = row * width + group * Math.floor((at % width) / group);
  const to = Math.min(from + group, (row + 1) * width);
  const [was, is] = [before.subarray(from, to), after.subarray(from, to)];
  const order = Array.from(was.keys()).sort((a, b) => was[a]! - was[b]!);
  // Evenly by rank. Both ends are included, so that outliers are seen.
  const count = Math.min(MOST_DOTS, was.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => order[Math.round((i * (was.length - 1)) / Math.max(1, count - 1))]!,
  );
  return {
    kind: 'grid',
    row,
    before: Float32Array.from(chosen, (i) => was[i]!),
    after: Float32Array.from(chosen, (i) => is[i]!),
    levels: new Set(is).size,
    rms: Math.sqrt(was.reduce((sum, value) => sum + value * value, 0) / was.length),
  };
}
