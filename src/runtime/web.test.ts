import { expect, it } from 'vitest';
import { threadCount } from './web';

it('takes half of the cores for threads, two where there are two, and one where the page is not isolated', () => {
  const counts = [1, 2, 3, 4, 6, 8, 64].map((cores) => threadCount(cores, true));
  expect(counts).toEqual([1, 2, 2, 2, 3, 4, 4]);
  expect(threadCount(8, false)).toBe(1);
});
