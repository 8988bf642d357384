import { describe, expect, it } from 'vitest';
import { checkGoal } from '../../engine/allocation/goal';
import type { Goal } from '../../engine/page/light';
import { FIRST_GOAL, fieldOf, inOtherUnit, limitsOf, minimising, otherLimits, withLimit, withoutLimit } from './limits';

const AIMS = ['size', 'loss', 'latency'] as const;

describe('a goal', () => {
  it('has a limit whatever is made small, and the engine takes every one that the line can make', () => {
    for (const first of AIMS)
      for (const second of AIMS) {
        let goal = minimising(minimising(FIRST_GOAL, first), second);
        expect(goal.minimise).toBe(second);
        expect(limitsOf(goal)).not.toContain(second);
        expect(() => checkGoal(goal)).not.toThrow();
        for (const what of otherLimits(goal)) goal = withLimit(goal, what);
        expect(limitsOf(goal)).toHaveLength(2);
        expect(() => checkGoal(goal)).not.toThrow();
        for (const what of limitsOf(goal)) expect(() => checkGoal(withoutLimit(goal, what))).not.toThrow();
      }
  });

  it('keeps other limits when what is made small changes', () => {
    const goal: Goal = { minimise: 'size', maxLoss: 0.02, maxLatency: 0.4 };
    expect(minimising(goal, 'loss')).toEqual({ minimise: 'loss', maxLatency: 0.4 });
  });
});

describe('a limit', () => {
  it('is typed in points, in percent or in bytes', () => {
    const goal: Goal = { minimise: 'latency', maxLoss: 0.015, maxSize: 0.1 };
    const loss = fieldOf(goal, 'loss', 5e6);
    expect([loss.value, ...loss.words]).toEqual([1.5, 'lose at most', 'points']);
    // In floating point, 0.7 / 100 has a long tail.
    expect(loss.given(0.7)).toEqual({ ...goal, maxLoss: 0.007 });
    expect(fieldOf({ ...goal, maxLoss: 0.01 }, 'loss', 5e6).words[1]).toBe('point');
    expect(fieldOf(goal, 'size', 5e6).given(12)).toEqual({ ...goal, maxSize: 0.12 });
    const { maxSize: _, ...rest } = goal;
    const bytes = fieldOf({ ...rest, maxBytes: 1.5e6 }, 'size', 5e6);
    expect([bytes.value, bytes.words[1], bytes.most]).toEqual([1.5, 'MB', 5]);
    expect(bytes.given(0.4)).toEqual({ ...rest, maxBytes: 400_000 });
    expect(fieldOf({ ...goal, maxLatency: 0.5 }, 'latency', 5e6).value).toBe(50);
  });

  it('of the size is the same in the other unit', () => {
    const share: Goal = { minimise: 'loss', maxSize: 0.1 };
    expect(inOtherUnit(share, 5e6)).toEqual({ minimise: 'loss', maxBytes: 5e5 });
    expect(inOtherUnit(inOtherUnit(share, 5e6), 5e6)).toEqual(share);
  });

  it('has a slider whose stops are allowed and rise', () => {
    for (const bytes of [3000, 4.59e6, 1.3e9])
      for (const goal of [
        { minimise: 'size', maxLoss: 0.01 },
        { minimise: 'loss', maxSize: 0.1 },
        { minimise: 'loss', maxBytes: 1000 },
        { minimise: 'loss', maxLatency: 0.5 },
      ] as const) {
        const { stops, most } = fieldOf(goal, limitsOf(goal)[0]!, bytes);
        expect(stops.every((stop, i) => stop <= most * 1.01 && (i === 0 || stop > stops[i - 1]!))).toBe(true);
      }
  });
});
