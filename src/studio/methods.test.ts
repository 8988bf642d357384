import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  choice,
  controlsOf,
  exactlyOne,
  initialOptions,
  share,
  toggle,
  whole,
  wholes,
} from '../engine/methods/options';
import { applies, checked, describeOptions, methodForms, newStep, settled, writeValue, writtenRecipe } from './methods';

const schema = z
  .strictObject({
    keep: share({ title: 'Keep', help: 'a share', group: 'amount' }).optional(),
    count: whole(1, 9, { title: 'Count', help: 'a number', group: 'amount', initial: 3 }).optional(),
    bits: choice([8, 4], { title: 'Bits', help: 'per code', labels: { 8: 'eight' } }).default(4),
    deep: toggle({ title: 'Deep', help: 'or not' }).default(false),
    sites: wholes({ title: 'Sites', help: 'sizes', when: { deep: [true] } }).optional(),
    depth: whole(2, 8, { title: 'Depth', help: 'of all', when: { bits: [8] } }),
  })
  .refine(...exactlyOne<{ keep?: number; count?: number }>(['keep', 'count']));
const controls = controlsOf(schema);

describe('the options of a form', () => {
  it('begin with one of each group and what must be given', () => {
    expect(initialOptions(controls)).toEqual({ count: 3, depth: 2 });
  });
  it('show what other options leave a meaning, defaults counting as given', () => {
    const shown = (options: Record<string, unknown>) =>
      controls.filter((control) => applies(control, controls, options)).map(({ key }) => key);
    expect(shown({})).toEqual(['keep', 'count', 'bits', 'deep']);
    expect(shown({ deep: true, bits: 8 })).toEqual(['keep', 'count', 'bits', 'deep', 'sites', 'depth']);
  });
  it('lose what has lost its meaning, and get what must be given now', () => {
    expect(settled(controls, { keep: 0.2, deep: false, sites: [2], depth: 4 })).toEqual({ keep: 0.2, deep: false });
    expect(settled(controls, { bits: 8 })).toEqual({ bits: 8, depth: 2, count: 3 });
  });
  it('are written as people read them', () => {
    const written = (key: string, value: unknown) =>
      writeValue(controls.find((control) => control.key === key)!, value);
    expect(written('keep', 0.5)).toBe('50 %');
    expect(written('keep', 0.9999)).toBe('99.99 %');
    expect(written('bits', 8)).toBe('eight');
    expect(written('sites', [8, 16])).toBe('8, 16');
    expect(written('deep', true)).toBe('on');
  });
});

describe('every method', () => {
  it('begins with options that its schema takes', () => {
    for (const form of methodForms())
      expect([form.name, checked(newStep(form))]).toEqual([form.name, { options: expect.anything() }]);
  });
  it('says what is wrong with others', () => {
    expect(checked({ method: 'svd', options: { rank: 2, size: 0.5 } })).toEqual({
      fault: 'must have exactly one of rank, energy, error, size',
    });
    expect(checked({ method: 'magic', options: {} })).toEqual({ fault: 'there is no method called magic' });
  });
  it('is taken away with its defaults written out, and as it is where it is refused', () => {
    const recipe = (options: object) => ({ version: 1, steps: [{ layers: ['a'], method: 'svd', options }] });
    expect(JSON.parse(writtenRecipe(recipe({ rank: 2 })))).toMatchObject(recipe({ rank: 2, whiten: 'none' }));
    expect(JSON.parse(writtenRecipe(recipe({ rank: 0 })))).toEqual(recipe({ rank: 0 }));
  });
  it('is told in a line', () => {
    expect(describeOptions({ method: 'svd', options: { size: 0.5 } })).toBe('size 50 %');
    expect(describeOptions({ method: 'svd', options: { size: 0.5, whiten: 'none' } })).toBe('size 50 %');
    expect(describeOptions({ method: 'half', options: {} })).toBe('');
  });
});
