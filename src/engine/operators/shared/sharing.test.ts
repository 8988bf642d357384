import { expect, it } from 'vitest';
import { sharing } from './sharing';

it('spreads the weights evenly over the slots, each run of them a circular shift', () => {
  const { slotOf, signOf } = sharing({ rows: 5, columns: 12, run: 12, seed: 3 }, 12);
  const signs = new Set<number>();
  for (let row = 0; row < 5; row++) {
    const slots = Array.from({ length: 12 }, (_, column) => slotOf(row * 12 + column));
    expect(slots).toEqual(slots.map((_, i) => (slots[0]! + i) % 12));
    for (let column = 0; column < 12; column++) signs.add(signOf(row, column));
  }
  expect(signs).toEqual(new Set([-1, 1]));
  // Shorter runs are pieces of the circle, each at its own place.
  const pieces = sharing({ rows: 5, columns: 12, run: 4, seed: 3 }, 12);
  for (let i = 0; i < 60; i += 4) {
    const slots = [0, 1, 2, 3].map((k) => pieces.slotOf(i + k));
    expect(slots).toEqual([0, 1, 2, 3].map((k) => (slots[0]! + k) % 12));
  }
});
