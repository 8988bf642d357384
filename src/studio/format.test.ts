import { expect, it } from 'vitest';
import { formatBytes, formatChange, formatCount, formatError, formatSecondsLeft, formatShare } from './format';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [49_152, '49.2 kB'],
  [999_600, '1.00 MB'],
  [10_825_332, '10.8 MB'],
  [123_456_789, '123 MB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

it('counts below ten thousand stay whole', () => {
  expect(formatCount(9_999)).toBe('9,999');
  expect(formatCount(2_690_000)).toBe('2.69 M');
});

it('shares keep a digit that is not zero', () => {
  expect(formatShare(0.0532)).toBe('5.3 %');
  expect(formatShare(0)).toBe('0.0 %');
  expect(formatShare(3e-6)).toBe('< 0.001 %');
  expect(formatShare(2e-4)).toBe('0.02 %');
  expect(formatShare(0.003, 0)).toBe('0.3 %');
});

it('errors below rounding are all written alike', () => {
  expect([0, 3e-8, 9e-6].map(formatError)).toEqual(Array(3).fill('< 0.001 %'));
  expect(formatError(0.052)).toBe('5.2 %');
});

it('changes carry a sign', () => {
  expect(formatChange(-0.932)).toBe('−93 %');
  expect(formatChange(0.041, 1)).toBe('+4.1 %');
  expect(formatChange(0)).toBe('0 %');
});

it.each([
  [0.2, 'a few seconds left'],
  [17, 'about 15 s left'],
  [58.4, 'about 1 min left'],
  [112, 'about 2 min left'],
  [3_700, 'about 1 h left'],
  [5_500, 'about 1 h 30 min left'],
])('%d seconds: %s', (seconds, text) => expect(formatSecondsLeft(seconds)).toBe(text));
