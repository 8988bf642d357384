import { expect, it } from 'vitest';
import { denseOf } from './dense';
import { BeyondRange, roundedTo } from './rounding';

it('rounds to what is stored, and says where a number leaves its type', () => {
  // 65519 is nearer to 65504, the largest float16, than to 65536.
  expect([...roundedTo(Float32Array.of(1 / 3, -65519, 2 ** -25), 'float16', 'factors')]).toEqual([
    0.333251953125, -65504, 0,
  ]);
  const message = 'its factors would need larger numbers than float16 has, which ends at 65504';
  expect(() => denseOf([1, 2], 'float16', Float32Array.of(1, 65520))).toThrow(new BeyondRange(message));
  expect(() => roundedTo(Float32Array.of(Number.POSITIVE_INFINITY), 'float32', 'scales')).toThrow(BeyondRange);
});
