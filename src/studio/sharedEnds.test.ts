import { expect, it } from 'vitest';
import { sharedEnds } from './sharedEnds';

const parts = (names: string[]) => {
  const { start, end } = sharedEnds(names);
  return names.map((name) => name.slice(start, name.length - end));
};

it('what all names begin and end with is told from what tells them apart', () => {
  expect(parts(['/model/blocks.10/up/MatMul', '/model/blocks.11/down/MatMul'])).toEqual(['10/up', '11/down']);
  expect(parts(['encoder_fc1', 'encoder_fc2'])).toEqual(['fc1', 'fc2']);
});
it('parts are whole', () => {
  expect(parts(['a/left', 'a/lower'])).toEqual(['left', 'lower']);
  expect(parts(['fc10', 'fc11'])).toEqual(['fc10', 'fc11']);
});
it('a name that is the beginning of another one keeps something', () => {
  expect(parts(['a/b', 'a/b/c'])).toEqual(['b', 'b/c']);
});
it('a single name, or none, shares nothing', () => {
  expect(sharedEnds(['a/b'])).toEqual({ start: 0, end: 0 });
  expect(sharedEnds([])).toEqual({ start: 0, end: 0 });
});
