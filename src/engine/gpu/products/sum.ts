import type { SumForm } from '../../weightForm';
import type { Preparation } from './product';

/** Each part adds to what those before it made. */
export const prepareSum: Preparation<SumForm> = (_, form, prepare) => {
  const parts = form.parts.map(prepare);
  const free = () => parts.forEach((part) => void part.free());
  const [first] = parts;
  if (!first || parts.some(({ rows, columns }) => rows !== first.rows || columns !== first.columns)) {
    free();
    throw new RangeError('A sum takes one part or more, all of one shape.');
  }
  const total = (count: (part: (typeof parts)[number]) => number) => parts.reduce((sum, part) => sum + count(part), 0);
  return {
    rows: first.rows,
    columns: first.columns,
    bytes: total(({ bytes }) => bytes),
    multiplyAdds: total(({ multiplyAdds }) => multiplyAdds),
    kernels: parts.flatMap(({ kernels }) => kernels),
    *steps(operand, scratch, pace) {
      for (const [i, part] of parts.entries()) {
        yield* part.steps({ ...operand, accumulate: operand.accumulate || i > 0 }, scratch, pace);
      }
    },
    free,
  };
};
