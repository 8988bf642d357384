import type { Random } from '../core/random';
import { FORMS } from './forms';
import type { Form, Operator } from './operator';

/**
 * Gives the operator of a plan random contents. What it stores is not known yet, but the time of a product depends on
 * its sizes only.
 */
export function filled(operator: Operator, random: Random): Operator {
  const children = operator.children.map((child) => filled(child, random));
  const form: Form<never> = FORMS[operator.kind];
  return form.fill?.(operator as never, children, random) ?? operator.with(children);
}
