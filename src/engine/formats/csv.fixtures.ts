import { UserError } from '../core/errors';
import type { DataFormat } from './format';

/** A format of data as a fixture: one line of numbers a sample, under the name "x". */
export const csv: DataFormat = {
  gives: 'data',
  what: 'a table with data',
  instead: 'open a model, and this file beside it',
  extensions: ['.csv'],
  noun: 'a .csv',
  explained: 'a .csv file (numbers between commas)',
  make: 'save a table of numbers',
  help: 'A .csv holds one sample a line.',
  matches: ({ text }) => /^[\d.,\s-]+$/.test(text) && text.includes(','),
  open: async () => (bytes, name) => {
    const rows = new TextDecoder()
      .decode(bytes)
      .trim()
      .split('\n')
      .map((line) => line.split(',').map(Number));
    if (rows.flat().some(Number.isNaN)) throw new UserError(`${name} holds text: save a table of numbers.`);
    const data = Float32Array.from(rows.flat());
    return new Map([['x', { type: 'float32', dims: [rows.length, rows[0]!.length], data }]]);
  },
};
