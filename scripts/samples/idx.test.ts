import { expect, test } from 'vitest';
import { readFashion } from './fashionData';
import { parseIdx } from './idx';

const file = (...bytes: number[]) => Uint8Array.from(bytes);
const header = [0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3];

test('reads axes and values', () => {
  const { dims, data } = parseIdx(file(...header, 1, 2, 3, 4, 5, 255), 'a');
  expect(dims).toEqual([2, 3]);
  expect([...data]).toEqual([1, 2, 3, 4, 5, 255]);
});

test('reads a file that lies inside a larger buffer', () => {
  const whole = file(9, 9, 9, ...header, 1, 2, 3, 4, 5, 6);
  expect([...parseIdx(whole.subarray(3), 'a').data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  ['empty', file(), /labels\.gz is not an idx file/],
  ['text', new TextEncoder().encode('<html>'), /labels\.gz is not an idx file/],
  ['of floats', file(0, 0, 0x0d, 1, 0, 0, 0, 0), /labels\.gz is not an idx file/],
  ['cut in its header', file(...header.slice(0, 9)), /labels\.gz has 9 bytes/],
  ['cut in its values', file(...header, 1, 2, 3), /labels\.gz has 15 bytes/],
  ['too long', file(...header, 1, 2, 3, 4, 5, 6, 7), /labels\.gz has 19 bytes/],
])('refuses a file that is %s', (_, bytes, message) => {
  expect(() => parseIdx(bytes, 'labels.gz')).toThrow(message);
});

test('says what to install where the pictures are missing', () => {
  expect(() => readFashion('/nowhere')).toThrow(/not in \/nowhere: run "apt-get install dataset-fashion-mnist"/);
});
