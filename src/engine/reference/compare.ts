export interface Comparison {
  /** Largest absolute difference; Infinity where a value is not finite. */
  readonly difference: number;
  /** Where it is. */
  readonly index: number;
  /** One line that names the index and both values. */
  readonly message: string;
}

/** Compares two tensors element by element. Values that are not finite never agree, not even with each other. */
export function compare(actual: ArrayLike<number>, expected: ArrayLike<number>): Comparison {
  if (actual.length !== expected.length) {
    const message = `${actual.length} elements instead of ${expected.length}`;
    return { difference: Number.POSITIVE_INFINITY, index: -1, message };
  }
  let difference = 0;
  let index = 0;
  for (let i = 0; i < actual.length; i++) {
    const finite = Number.isFinite(actual[i]) && Number.isFinite(expected[i]);
    const distance = finite ? Math.abs(actual[i] - expected[i]) : Number.POSITIVE_INFINITY;
    if (distance > difference) {
      difference = distance;
      index = i;
    }
  }
  const values = actual.length ? `: ${actual[index]} instead of ${expected[index]}` : '';
  return { difference, index, message: `off by ${difference} at index ${index}${values}` };
}

/** Throws where an element differs by more than `tolerance`, naming the worst one. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what = 'tensor',
) {
  const { difference, message } = compare(actual, expected);
  if (!(difference <= tolerance)) throw new Error(`${what} ${message} (tolerance ${tolerance})`);
}
