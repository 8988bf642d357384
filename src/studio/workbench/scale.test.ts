import { describe, expect, it } from 'vitest';
import { controlsOf } from '../../engine/methods/options';
import { methods } from '../../engine/methods/registry';
import { scaleOf } from './scale';

const MAX_RANK = 300;
const numbers = methods.flatMap(({ name, options }) =>
  controlsOf(options)
    .filter(({ kind }) => kind === 'number')
    .map((control) => [`${name} ${control.key}`, control] as const),
);

describe.each(numbers)('the slider of %s', (_, control) => {
  const scale = scaleOf(control, MAX_RANK);
  const values = Array.from({ length: scale.last + 1 }, (_, position) => scale.valueAt(position));

  it('comes back to every value it can stand on', () => {
    for (const value of values) expect(scale.valueAt(scale.positionOf(value))).toBe(value);
  });
  it('rises, within the range a recipe allows', () => {
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]);
    expect(values[0]).toBeGreaterThanOrEqual(scale.min);
    expect(values.at(-1)).toBeLessThanOrEqual(scale.max);
    expect(values.at(-1)).toBeGreaterThan(values[0]);
  });
  it('holds values from beyond its ends', () => {
    expect(scale.positionOf(1e6)).toBe(scale.last);
    expect(scale.positionOf(-1)).toBe(0);
  });
});

const control = (key: string) => controlsOf(methods[0].options).find((candidate) => candidate.key === key)!;

it('energies come closer together towards 1, errors towards 0', () => {
  const [energy, error] = [scaleOf(control('energy'), 1), scaleOf(control('error'), 1)];
  expect(energy.valueAt(energy.last)).toBe(0.9999);
  expect(energy.positionOf(0.999) - energy.positionOf(0.99)).toBe(50);
  expect(error.positionOf(0.1) - error.positionOf(0.01)).toBe(50);
});

it('counts go one by one, and logarithmically where there are too many', () => {
  const rank = scaleOf(control('rank'), 12);
  expect(Array.from({ length: rank.last + 1 }, (_, at) => rank.valueAt(at))).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]);
  const many = scaleOf(control('rank'), 100_000);
  expect(many.last).toBe(250);
  expect(many.valueAt(many.last)).toBe(100_000);
});

it('a layer of rank 1 has a slider too', () => {
  const scale = scaleOf(control('rank'), 1);
  expect(scale.valueAt(0)).toBe(1);
  expect(scale.valueAt(scale.last)).toBe(1);
});
