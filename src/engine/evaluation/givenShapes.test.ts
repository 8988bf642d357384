import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import type { InputSpec } from './dataset';
import { describeShapes } from './describe';
import { generateDataset } from './generate';
import { parseShape, withBatch, withShapes } from './givenShapes';
import { evaluate, substitute } from './openSizes';

const INPUTS: InputSpec[] = [
  { name: 'ids', type: 'int64', shape: ['batch', 'seq'], rows: 9 },
  { name: 'mask', type: 'int64', shape: ['batch', 'past_len + seq'] },
  { name: 'past.0', type: 'float32', shape: ['batch', 2, 'past_len', 8] },
  { name: 'sr', type: 'int64', shape: [] },
];

describe('shapes that are given', () => {
  it('are read', () => {
    expect(parseShape('input:0=1,512')).toEqual(['input:0', [1, 512]]);
    expect(parseShape('x=1×3x64')).toEqual(['x', [1, 3, 64]]);
    expect(parseShape('a=b=7')).toEqual(['a=b', [7]]);
    expect(parseShape('sr=')).toEqual(['sr', []]);
    for (const wrong of ['x', '=1', 'x=1,', 'x=a', 'x=-1', 'x=1.5', ''])
      expect(() => parseShape(wrong)).toThrow(`"${wrong}" is no shape: write the input's name`);
  });

  it('hold for every input that names the same dimension', () => {
    const inputs = withShapes(INPUTS, { ids: [1, 8], sr: [] });
    expect(inputs.map(({ shape }) => shape)).toEqual([[1, 8], [1, 'past_len + 8'], [1, 2, 'past_len', 8], []]);
    expect(generateDataset(inputs, { samples: 1 }).shapes).toEqual({
      ids: [1, 8],
      mask: [1, 24],
      'past.0': [1, 2, 16, 8],
      sr: [],
    });
    const unranked: InputSpec = { name: 'x', type: 'float32', shape: [], unranked: true };
    expect(generateDataset(withShapes([unranked], { x: [1, 5] }), { samples: 1 }).shapes).toEqual({ x: [1, 5] });
  });

  it.each([
    [{ idz: [1, 8] }, 'The model has no input "idz" to give a shape to: it has ids, mask, past.0, sr.'],
    [{ ids: [8] }, 'Input "ids" has 2 dimensions, [batch, seq], but the shape given for it has 1 dimension.'],
    [{ sr: [1] }, 'Input "sr" is a single number, [], but the shape given for it has 1 dimension.'],
    [{ 'past.0': [1, 3, 4, 8] }, 'dimension 1 is 2, not 3.'],
    [{ ids: [1, 8], 'past.0': [2, 2, 4, 8] }, 'dimension 0 is 1 elsewhere, not 2.'],
    [{ ids: [0, 8] }, 'Input "ids" cannot have the shape [0, 8]: its first size is the number of samples, 1 at least.'],
  ])('are refused where they do not fit: %o', (shapes, message) => {
    expect(() => withShapes(INPUTS, shapes as Record<string, number[]>)).toThrow(UserError);
    expect(() => withShapes(INPUTS, shapes as Record<string, number[]>)).toThrow(message);
  });

  it('hold for as many samples as a run takes', () => {
    expect(withBatch(INPUTS, { ids: [1, 8], 'past.0': [1, 2, 1, 8] }, 4)).toEqual({
      ids: [4, 8],
      'past.0': [4, 2, 1, 8],
    });
    expect(withBatch(INPUTS, { ids: [2, 1] }, 4)).toEqual({ ids: [2, 1] });
    expect(withBatch([{ name: 'x', type: 'float32', shape: [1, 'n'] }], { x: [1, 1] }, 4)).toEqual({ x: [1, 1] });
  });

  it('are told in few words', () => {
    expect(describeShapes({ ids: [1, 8], sr: [] })).toBe('ids 1×8, sr (one number)');
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x${i}`, [i]]));
    expect(describeShapes(many)).toMatch(/x5 5 and 3 more$/);
  });
});

describe('dimensions', () => {
  const sizes = new Map([
    ['s0', 7],
    ['past_sequence_length', 16],
    ['seq-len', 5],
    ['N/A', 2],
    ['p2o.Dim.1', 3],
  ]);

  it.each([
    ['past_sequence_length + 1', 17],
    ['2*s0 - 1', 13],
    ['(s0 + 1)//2 + 3', 7],
    ['s0 / 2', 3],
    ['seq-len', 5],
    ['N/A', 2],
    ['p2o.Dim.1', 3],
    [9, 9],
    ['other + 1', undefined],
    ['1 - s0', undefined],
    ['floor(s0 * 2', undefined],
  ])('%s is %s', (size, expected) => {
    expect(evaluate(size, sizes)).toBe(expected);
  });

  it('are read however deep their parentheses go', () => {
    const deep = `${'('.repeat(100_000)}s0${')'.repeat(100_000)}`;
    expect(evaluate(deep, sizes)).toBeUndefined();
    expect(evaluate(deep, new Map([[deep, 4]]))).toBe(4);
  });

  it('keep names that have no size', () => {
    expect(substitute('other + s0', sizes)).toBe('other + 7');
    expect(substitute('other', sizes)).toBe('other');
  });
});
