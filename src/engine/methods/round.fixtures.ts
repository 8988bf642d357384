import { z } from 'zod';
import { denseOf, plannedDense } from '../operators/dense/dense';
import type { AnyMethod, Method, Skipped } from './method';
import { choice, whole } from './options';
import { slotsOf } from './pictures/slots';
import { methods } from './registry';

const options = z.strictObject({
  bits: whole(1, 24, { title: 'Significant bits', help: 'binary digits that each weight keeps' }).default(8),
  towards: choice(['nearest', 'zero'], {
    title: 'Direction',
    help: 'where a weight between two values goes',
    labels: { nearest: 'To nearest', zero: 'Towards zero' },
  }).default('nearest'),
});

type RoundOptions = z.infer<typeof options>;

/** float16 holds this many significant bits. */
const FITS = 11;

const tooFine: Skipped = { skipped: `would not get smaller: float16 holds ${FITS} significant bits` };

/** A method that the product does not have: tests add it to the list, and look for it wherever a method should appear. */
export const round: Method<RoundOptions> = {
  name: 'round',
  title: 'Rounding',
  summary: 'Keeps some significant bits of each weight, and stores them in float16.',
  paper: 'A method of the tests',
  options,
  plan: (leaf, { bits }) => (bits > FITS ? tooFine : plannedDense(leaf.shape, 'float16')),
  async apply(leaf, { bits, towards }) {
    if (bits > FITS) return tooFine;
    const rounded = (await leaf.toDense()).map((value) => {
      if (value === 0) return 0;
      const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) + 1 - bits);
      return step * (towards === 'zero' ? Math.trunc(value / step) : Math.round(value / step));
    });
    return { operator: denseOf(leaf.shape, 'float16', rounded) };
  },
  // Mantissas m from 1 to 2 spread evenly on a log scale, whose mean square is 3/(2·ln 2): steps of 2^(1−bits) err by 1/√12.
  predict: (_, { bits, towards }) =>
    towards === 'nearest' ? (2 ** (1 - bits) / Math.sqrt(12)) * Math.sqrt((2 * Math.log(2)) / 3) : undefined,
  advice: (_, { bits }) => [`${bits} significant bits tell 1 from ${1 + 2 ** (1 - bits)}.`],
  variants: [{ variant: 'truncated', options: { towards: 'zero' } }],
  picture: ({ after }) => slotsOf(after),
  work: ({ shape }) => ({ kind: 'round', cost: shape.length }),
};

/** Offers a method behind all others until the function that it returns is called. */
export function offer(method: Method<RoundOptions>): () => void {
  const list = methods as AnyMethod[];
  list.push(method);
  return () => list.splice(list.indexOf(method), 1);
}
