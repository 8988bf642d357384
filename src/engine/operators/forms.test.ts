import { expect, it } from 'vitest';
import { OPERATORS } from './all.fixtures';
import { FORMS } from './forms';
import type { Form, Operator } from './operator';

const everyOperator = (root: Operator): Operator[] => [root, ...root.children.flatMap(everyOperator)];

it('every form is listed, has an operator among those that are tested, and says what its operators say', async () => {
  const kinds = new Set<string>();
  for (const make of Object.values(OPERATORS)) {
    for (const operator of everyOperator(await make(17))) {
      kinds.add(operator.kind);
      const form: Form<never> = FORMS[operator.kind];
      expect(form.describe(operator as never)).toBe(operator.form);
    }
  }
  expect([...kinds].sort()).toEqual(Object.keys(FORMS).sort());
});
