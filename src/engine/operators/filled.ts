import type { Random } from '../core/random';
import { FORMS } from './forms';
import type { Form, Operator } from './operator';

/**
 * The operator of a plan with random contents: what it stores is not known yet, but how long a product with it takes
 * depends on its sizes alone.
 */
export function filled(operator: Operator, random: Random): Operator {
  const children = operator.children.map((child) => filled(child, random));
  const form: Form<never> = FORMS[operator.kind];
  return form.fill?.(operator as never, children, random) ?? operator.with(children);
}
