import { UserError } from '../engine/core/errors';
import type { Shapes } from '../engine/evaluation/dataset';
import { parseShape } from '../engine/evaluation/givenShapes';

/**
 * The shapes that `--shape NAME=1,512` gives, once for each input. `data`: the option that gave real inputs, of which none
 * is left to make up.
 */
export function shapesOf(given: readonly string[] = [], data?: string): Shapes {
  const [first] = given;
  if (first !== undefined && data !== undefined)
    throw new UserError(`--shape says the shapes of inputs that are made up, but ${data} gives them: leave one out.`);
  return Object.fromEntries(given.map(parseShape));
}
