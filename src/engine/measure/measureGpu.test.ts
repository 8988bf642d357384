import { describe, expect, it } from 'vitest';
import { rateOf } from './measureGpu';
import { breakEvenOf } from './sparsity';

describe('rateOf', () => {
  const ceilings = { gflops: 100, gigabytes: 10 };
  const work = { name: 'a', shape: 'b' };
  it('holds arithmetic against its ceiling', () => {
    // 10⁹ operations take 10 ms at best, 10⁷ bytes 1 ms.
    const rate = rateOf({ ...work, flops: 1e9, bytes: 1e7 }, 20, ceilings);
    expect(rate).toMatchObject({ bound: 'arithmetic', share: 0.5, gflops: 50, gigabytes: 0.5 });
  });
  it('holds memory against its own', () => {
    expect(rateOf({ ...work, flops: 1e6, bytes: 1e8 }, 12.5, ceilings)).toMatchObject({ bound: 'memory', share: 0.8 });
  });
});

describe('breakEvenOf', () => {
  const points = (...pairs: [number, number][]) => pairs.map(([sparsity, timesFaster]) => ({ sparsity, timesFaster }));
  it('interpolates in time between the last slower and the first faster point', () => {
    // Relative times 1.5 and 0.5: half way.
    expect(breakEvenOf(points([0.5, 0.4], [0.7, 1 / 1.5], [0.9, 2], [0.95, 3]))).toBeCloseTo(0.8, 12);
  });
  it('is the first point where all are faster, and nothing where none is', () => {
    expect([breakEvenOf(points([0.5, 1], [0.9, 4])), breakEvenOf(points([0.5, 0.1], [0.9, 0.9]))]).toEqual([0.5, null]);
  });
});
