import { expect, it } from 'vitest';
import { axesOf, dotsOf, frontIds, frontOf } from './axes';
import { searchPoint, searchReport } from './report.fixtures';

it('all dots, their bars, the original and the limits are within the axes', () => {
  for (const goal of [
    { minimise: 'size', maxLoss: 0.01 },
    { minimise: 'loss', maxSize: 0.01 },
    { minimise: 'loss', maxBytes: 3e6 },
    { minimise: 'latency', maxLoss: 0 },
  ] as const)
    for (const losses of [[], [0, 0], [-3, 0.2, 80], [0.05, 0.1]]) {
      const points = losses.map((lost, i) => searchPoint(i, 0.4 / (i + 1), lost));
      const report = searchReport(0, { goal, points });
      const axes = axesOf(report);
      const { bytes, value, limits } = axes;
      const within = ([low, high]: readonly [number, number], x: number) => x >= low - 1e-9 && x <= high + 1e-9;
      for (const dot of dotsOf(report, axes)) {
        expect(within(bytes.domain, dot.bytes)).toBe(true);
        const [below, above] = dot.spread ?? [0, 0];
        expect(below >= 0 && above >= 0).toBe(true);
        expect(within(value.domain, dot.value - below) && within(value.domain, dot.value + above)).toBe(true);
      }
      if (limits.bytes !== undefined) expect(within(bytes.domain, limits.bytes)).toBe(true);
      if (limits.value !== undefined) expect(within(value.domain, limits.value)).toBe(true);
      for (const tick of bytes.ticks) expect(within(bytes.domain, tick)).toBe(true);
      for (const tick of value.ticks) expect(within(value.domain, tick)).toBe(true);
    }
});

it('limits are lines where the goal has them', () => {
  expect(axesOf(searchReport(3)).limits).toEqual({ value: -1 });
  expect(axesOf(searchReport(3, { goal: { minimise: 'loss', maxSize: 0.1 } })).limits).toEqual({ bytes: 1e5 });
});

it('the front goes by size and rises, and holds the original only where nothing smaller is as good', () => {
  const points = [searchPoint(0, 0.5, 0.2), searchPoint(1, 0.4, 3), searchPoint(2, 0.2, 2), searchPoint(3, 0.3, 2)];
  const report = searchReport(0, { points });
  const front = (given: typeof report) => frontOf(dotsOf(given, axesOf(given))).map(({ point }) => point?.id);
  expect(front(report)).toEqual([2, 0, undefined]);
  expect([...frontIds(report)]).toEqual([2, 0]);
  expect(front({ ...report, points: [...points, searchPoint(4, 0.6, -0.1)] })).toEqual([2, 0, 4]);
});
