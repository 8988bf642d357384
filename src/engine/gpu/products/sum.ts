import type { PreparedForm } from './product';

/** Each part adds to what those before it made. */
export function sumOf(parts: readonly PreparedForm[]): PreparedForm {
  const [first] = parts;
  if (!first || parts.some(({ rows, columns }) => rows !== first.rows || columns !== first.columns)) {
    throw new RangeError('A sum takes one part or more, all of one shape.');
  }
  return {
    rows: first.rows,
    columns: first.columns,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    kernels: parts.flatMap(({ kernels }) => kernels),
    *steps(operand, scratch, pace) {
      for (const [i, part] of parts.entries()) {
        yield* part.steps({ ...operand, accumulate: operand.accumulate || i > 0 }, scratch, pace);
      }
    },
    free: () => parts.forEach((part) => void part.free()),
  };
}
