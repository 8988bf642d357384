import { describe, expect, it } from 'vitest';
import { half } from '../methods/half/half';
import { isGraphMethod } from '../methods/method';
import { controlsOf } from '../methods/options';
import { methods } from '../methods/registry';
import { svd } from '../methods/svd/svd';
import { planStack } from './plan';
import { optionsWithin, valueWithin } from './sizing';

const layer = { shape: [64, 96], type: 'float32' as const, op: 'Gemm', opset: 17 };
const dense = 64 * 96 * 4;
const control = (key: string) => controlsOf(svd.options).find((one) => one.key === key)!;
const bytesOf = (method: string, options: unknown) => planStack(layer, [{ method, options }])[0]!.operator!.bytes;

describe('a value for a size', () => {
  it('stores as much as it may, whole numbers and shares alike', () => {
    for (const share of [0.9, 0.5, 0.2, 0.05]) {
      const rank = valueWithin(layer, svd, {}, control('rank'), share * dense)!;
      expect(bytesOf('svd', { rank })).toBeLessThanOrEqual(share * dense);
      expect(bytesOf('svd', { rank: rank + 1 })).toBeGreaterThan(share * dense);
      const size = valueWithin(layer, svd, {}, control('size'), share * dense)!;
      expect(bytesOf('svd', { size })).toBe(bytesOf('svd', { rank }));
    }
  });
  it('is none where even the least is too much, or nothing is known', () => {
    expect(valueWithin(layer, svd, {}, control('rank'), 600)).toBeUndefined();
    expect(valueWithin(layer, svd, {}, control('error'), 0.5 * dense)).toBeUndefined();
  });
});

it('options of every method keep to a size, or say why not', () => {
  for (const method of methods) {
    if (isGraphMethod(method)) continue;
    for (const share of [0.5, 0.25, 0.125]) {
      const options = optionsWithin(layer, method, share * dense);
      if ('skipped' in options) expect(options.skipped).toMatch(/\S/);
      else
        expect([method.name, bytesOf(method.name, method.options.parse(options)) <= share * dense]).toEqual([
          method.name,
          true,
        ]);
    }
  }
  // 256 × 256, so that one rank or slot is small beside the size.
  const large = { ...layer, shape: [256, 256] };
  for (const method of methods) {
    if (isGraphMethod(method) || !controlsOf(method.options).some(({ key }) => key === 'size')) continue;
    for (const share of [0.5, 0.25]) {
      const options = optionsWithin(large, method, share * 256 * 256 * 4);
      expect([method.name, options]).toEqual([method.name, expect.objectContaining({ size: share })]);
      const { operator } = planStack(large, [{ method: method.name, options: method.options.parse(options) }])[0]!;
      expect([method.name, operator!.bytes > 0.95 * share * 256 * 256 * 4]).toEqual([method.name, true]);
    }
  }
  expect(optionsWithin(layer, svd, 0.5 * dense)).toEqual({ size: 0.5 });
  expect(optionsWithin(layer, half, 0.5 * dense)).toEqual({});
  expect(optionsWithin(layer, half, 0.4 * dense)).toEqual({ skipped: 'none of its options comes to this size' });
});
