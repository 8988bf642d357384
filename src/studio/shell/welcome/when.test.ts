import { expect, it } from 'vitest';
import { formatWhen } from './when';

const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).getTime();

it.each([
  [at(30, 21, 3), 'today 21:03'],
  [at(30, 0, 0), 'today 00:00'],
  [at(29, 23, 59), 'yesterday 23:59'],
  [at(29, 0, 0), 'yesterday 00:00'],
  [at(28, 23, 59), '28 Nov 2026'],
])('%s is told as %s', (moment, words) => {
  expect(formatWhen(moment, at(30, 22, 0))).toBe(words);
});
