import { expect, it } from 'vitest';
import { moved } from './cursor';

const size = { rows: 40, columns: 5, page: 10 };
const press = (key: string, row: number, column: number, ctrlKey = false) =>
  moved({ row, column }, { key, ctrlKey, metaKey: false }, size);

it('arrow keys move by one, and stop at the edges', () => {
  expect(press('ArrowDown', 3, 2)).toEqual({ row: 4, column: 2 });
  expect(press('ArrowRight', 3, 4)).toEqual({ row: 3, column: 4 });
  expect(press('ArrowUp', 0, 2)).toEqual({ row: 0, column: 2 });
  expect(press('ArrowLeft', 0, 2)).toEqual({ row: 0, column: 1 });
});
it('pages, rows and the whole grid have keys', () => {
  expect(press('PageDown', 35, 1)).toEqual({ row: 39, column: 1 });
  expect(press('PageUp', 35, 1)).toEqual({ row: 25, column: 1 });
  expect(press('End', 7, 1)).toEqual({ row: 7, column: 4 });
  expect(press('Home', 7, 3, true)).toEqual({ row: 0, column: 0 });
  expect(press('End', 7, 3, true)).toEqual({ row: 39, column: 4 });
});
it('other keys mean nothing here', () => {
  expect(press('a', 1, 1)).toBeUndefined();
});
