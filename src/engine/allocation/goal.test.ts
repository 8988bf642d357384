import { describe, expect, it } from 'vitest';
import { byteLimit, checkGoal, goalOf, parseBytes, parseShare } from './goal';

describe('goals', () => {
  it('make small what is not limited', () => {
    expect(goalOf({ maxSize: 0.1 }).minimise).toBe('loss');
    expect(goalOf({ maxBytes: 4e6 }).minimise).toBe('loss');
    expect(goalOf({ maxLoss: 0.01 }).minimise).toBe('size');
    expect(goalOf({ maxLatency: 0.5 }).minimise).toBe('loss');
    expect(goalOf({ maxLoss: 0.01, maxLatency: 0.5 }).minimise).toBe('size');
    expect(goalOf({ maxLoss: 0.01, maxSize: 0.5 }).minimise).toBe('loss');
  });

  it('are refused where a limit cannot be kept, or where there is none', () => {
    for (const [limits, said] of [
      [{}, 'no limit'],
      [{ maxSize: 0 }, 'size allowed'],
      [{ maxSize: 1.5 }, 'size allowed'],
      [{ maxSize: Number.NaN }, 'size allowed'],
      [{ maxBytes: 0 }, 'bytes allowed'],
      [{ maxLoss: -0.1 }, 'loss allowed'],
      [{ maxLoss: 5 }, 'loss allowed'],
      [{ maxLatency: 0 }, 'latency allowed'],
    ] as const)
      expect(() => goalOf(limits)).toThrow(said);
    expect(() => checkGoal({ maxLoss: 0.1, minimise: 'loss' })).toThrow('least loss');
  });

  it('limit the bytes by the stricter of two limits', () => {
    expect(byteLimit({ maxSize: 0.1 }, 1005)).toBe(100);
    expect(byteLimit({ maxSize: 0.1, maxBytes: 50 }, 1005)).toBe(50);
    expect(byteLimit({ maxLoss: 0.1 }, 1005)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what users write', () => {
  it('is read as bytes', () => {
    expect(['4MB', '4 mb', '800kB', '.5MB', '2MiB', '123456', '12 B'].map(parseBytes)).toEqual([
      4e6, 4e6, 8e5, 5e5, 2097152, 123456, 12,
    ]);
    for (const text of ['', 'MB', '4 apples', '-4MB', '4e6', '1.2.3MB'])
      expect(() => parseBytes(text)).toThrow('is no number of bytes');
  });

  it('is read as a share', () => {
    expect(['.1', '10%', '0.25', '1'].map((text) => parseShare(text, '--size'))).toEqual([0.1, 0.1, 0.25, 1]);
    expect(() => parseShare('ten', '--size')).toThrow('--size is a share');
  });
});
