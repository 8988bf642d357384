import { expect, it } from 'vitest';
import { seeded } from '../core/random';
import { withFront } from './front';
import type { SearchPoint } from './report';

const point = (id: number, bytes: number, mean: number): SearchPoint => ({
  id,
  from: 'uniform',
  title: '',
  recipe: {},
  bytes,
  damage: { mean },
  loss: { mean },
  meetsGoal: false,
  onFront: true,
});

it('the front holds each point that no other one beats, and the first of equal ones', () => {
  const points = [point(0, 10, 1), point(1, 5, 2), point(2, 5, 2), point(3, 7, 3), point(4, 10, 0.5), point(5, 1, 9)];
  expect(withFront(points).map(({ onFront }) => onFront)).toEqual([false, true, false, false, true, true]);
  expect(withFront([])).toEqual([]);
});

it('along the front, smaller points are worse', () => {
  const random = seeded(7);
  const points = Array.from({ length: 200 }, (_, i) => point(i, random.below(50), random.below(50)));
  const front = withFront(points)
    .filter(({ onFront }) => onFront)
    .sort((a, b) => a.bytes - b.bytes);
  for (const [i, { bytes, damage }] of front.entries()) {
    const next = front[i + 1];
    if (next) expect(next.bytes > bytes && next.damage.mean < damage.mean).toBe(true);
  }
  for (const { bytes, damage } of points)
    expect(front.some((best) => best.bytes <= bytes && best.damage.mean <= damage.mean)).toBe(true);
});
