import { expect, it } from 'vitest';
import { shortened } from './shortened';

it('a name that is too long keeps both of its ends, and is as long as it may be', () => {
  expect(shortened('/blocks.0/q/MatMul', 20)).toBe('/blocks.0/q/MatMul');
  expect(shortened('/encoder/layer.11/attention/q/MatMul', 20)).toBe('/encoder/../q/MatMul');
  for (const longest of [5, 8, 19]) expect(shortened('/encoder/layer.11/q/MatMul', longest)).toHaveLength(longest);
});
