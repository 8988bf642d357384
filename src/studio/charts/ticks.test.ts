import { expect, it } from 'vitest';
import { logarithmicTicks, roundTicks } from './ticks';

it('roundTicks are round, within the range, and few', () => {
  expect(roundTicks(0, 4.44e6, 4)).toEqual([0, 1e6, 2e6, 3e6, 4e6]);
  expect(roundTicks(0.878, 0.916, 4)).toEqual([0.88, 0.89, 0.9, 0.91]);
  expect(roundTicks(0, 48.3, 4)).toEqual([0, 10, 20, 30, 40]);
  expect(roundTicks(1, 1, 4)).toEqual([1]);
});

it('logarithmic ticks are round and within the range', () => {
  expect(logarithmicTicks(0.18e6, 4.4e6)).toEqual([0.2e6, 0.5e6, 1e6, 2e6]);
  expect(logarithmicTicks(1e3, 1e6)).toEqual([1e3, 1e4, 1e5, 1e6]);
});
