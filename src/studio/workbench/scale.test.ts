import { describe, expect, it } from 'vitest';
import type { BudgetKind } from '../store';
import { scaleOf } from './scale';

const MAX_RANK = 300;
const kinds: BudgetKind[] = ['rank', 'size', 'energy', 'error'];

describe.each(kinds)('the slider of %s', (kind) => {
  const scale = scaleOf(kind, MAX_RANK);
  const positions = Array.from({ length: scale.last + 1 }, (_, position) => position);

  it('comes back to every position it can stand on', () => {
    // Energy 0 is no budget, so the first two positions are one.
    for (const position of kind === 'energy' ? positions.slice(1) : positions) {
      expect(scale.positionOf(scale.valueAt(position))).toBe(position);
    }
  });
  it('rises, within the range a recipe allows', () => {
    const values = positions.map(scale.valueAt);
    for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]);
    expect(values[0]).toBeGreaterThan(0);
    expect(values.at(-1)).toBeLessThanOrEqual(kind === 'rank' ? MAX_RANK : 1);
  });
  it('holds values from beyond its ends', () => {
    expect(scale.positionOf(kind === 'rank' ? 5000 : 1)).toBe(scale.last);
    expect(scale.positionOf(0)).toBeGreaterThanOrEqual(0);
  });
});

it('a layer of rank 1 has a slider too', () => {
  const scale = scaleOf('rank', 1);
  expect(scale.valueAt(0)).toBe(1);
  expect(scale.valueAt(scale.last)).toBe(1);
});
