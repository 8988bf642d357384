import { expect, it } from 'vitest';
import { seeded } from '../core/random';
import { convexMoves } from './convexMoves';

it('leads, at every length, to the least loss for its bytes that any choices have', () => {
  const random = seeded(3);
  const items = Array.from({ length: 4 }, () =>
    Array.from({ length: 4 }, (_, value) => ({ value, bytes: 1 + random.below(50), loss: random.below(1000) })),
  );
  const sums = (values: readonly number[]) =>
    values.reduce(
      (all, value, i) => ({ bytes: all.bytes + items[i]![value]!.bytes, loss: all.loss + items[i]![value]!.loss }),
      { bytes: 0, loss: 0 },
    );
  const every = Array.from({ length: 4 ** 4 }, (_, n) => sums([n % 4, (n >> 2) % 4, (n >> 4) % 4, (n >> 6) % 4]));
  const { first, moves } = convexMoves(items);
  let values = first;
  const reached = [sums(values)];
  for (const { item, to } of moves) {
    values = values.with(item, to);
    reached.push(sums(values));
  }
  expect(reached.length).toBeGreaterThan(4);
  for (const { bytes, loss } of reached) {
    const best = Math.min(...every.filter((one) => one.bytes <= bytes).map((one) => one.loss));
    expect(loss).toBe(best);
  }
  expect(reached.map(({ bytes }) => bytes)).toEqual([...reached.map(({ bytes }) => bytes)].sort((a, b) => b - a));
  expect(reached.at(-1)!.bytes).toBe(Math.min(...every.map(({ bytes }) => bytes)));
});
