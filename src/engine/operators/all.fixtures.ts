import { gaussian } from '../model/fixtures';
import { seeded } from '../random';
import { denseOf } from './dense';
import { lowRank } from './lowRank';
import type { Operator } from './operator';
import { scaled } from './scaled';
import { sum } from './sum';
import { tucker2 } from './tucker2';

const random = seeded(11);
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));
const half = (...shape: number[]) => denseOf(shape, 'float16', gaussian(random, shape));

/** One of every operator, and of stacks of them: what a new operator is added to, so that every test of forms runs it. */
export const OPERATORS: Readonly<Record<string, () => Operator>> = {
  'half precision': () => half(40, 24),
  'half precision, kernel': () => half(12, 10, 3, 3),
  'low rank': () => lowRank(leaf(40, 6), leaf(6, 24)),
  'low rank of low rank, in half precision': () => lowRank(half(40, 8), lowRank(half(8, 3), leaf(3, 24))),
  'Tucker-2': () => tucker2(leaf(5, 10), leaf(6, 5, 3, 3), leaf(12, 6)),
  'sum of two': () => sum([lowRank(leaf(40, 6), leaf(6, 24)), half(40, 24)]),
  'sum of kernels': () => sum([leaf(12, 10, 3, 3), tucker2(leaf(5, 10), leaf(6, 5, 3, 3), leaf(12, 6))]),
  scaled: () => scaled(lowRank(leaf(40, 6), leaf(6, 24)), leaf(1, 24)),
  'scaled kernel': () => scaled(half(12, 10, 3, 3), leaf(1, 10)),
};
