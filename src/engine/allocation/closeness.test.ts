import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import type { HostTensor } from '../runtime';
import { ClosenessMeter } from './closeness';
import { keeps, PROMISES } from './promises';

const float = (dims: number[], data: ArrayLike<number>): HostTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});

const SAMPLES = 64;
const random = seeded(5);
const logits = Array.from({ length: SAMPLES * 4 }, () => random.normal());
const answered = (outputs: Record<string, HostTensor>, labels?: Int32Array) => [
  {
    batch: {
      start: 0,
      samples: SAMPLES,
      fed: SAMPLES,
      feeds: { x: float([SAMPLES, 3], new Float32Array(SAMPLES * 3)) },
      ...(labels && { labels }),
    },
    outputs,
  },
];
const [safe, , tiny] = PROMISES;

describe('choices', () => {
  const original = { logits: float([SAMPLES, 4], logits) };
  const meter = new ClosenessMeter(answered(original), { generated: true });

  it('are compared by the share that stays, and keep the promise that the share allows', () => {
    expect(meter.measure([original])).toMatchObject({ agreement: { mean: 1 }, distance: 0 });
    // Every answer of the first 16 samples turns into another.
    const turned = logits.map((value, i) => (i < 16 * 4 ? -value : value));
    const closeness = meter.measure([{ logits: float([SAMPLES, 4], turned) }]);
    expect(closeness.agreement!.mean).toBe(0.75);
    // √(p(1−p)/(n−1)) of single choices
    expect(closeness.agreement!.standardError).toBeCloseTo(Math.sqrt((0.75 * 0.25) / (SAMPLES - 1)), 10);
    expect(closeness.relativeError).toBeUndefined();
    expect(closeness.distance).toBeGreaterThan(0.1);
    expect(keeps(tiny!, closeness)).toBe(false);
    expect(keeps({ ...tiny!, agreement: 0.75 }, closeness)).toBe(true);
    expect(keeps({ ...tiny!, agreement: 0.75 }, closeness, 1)).toBe(false);
  });

  it('that are always the same are compared as numbers', () => {
    const same = logits.map((value, i) => (i % 4 === 2 ? 20 + value : value));
    const constant = { logits: float([SAMPLES, 4], same) };
    const closeness = new ClosenessMeter(answered(constant), { generated: true }).measure([
      {
        logits: float(
          [SAMPLES, 4],
          same.map((value) => 1.5 * value),
        ),
      },
    ]);
    expect(closeness.agreement).toBeUndefined();
    // A scale of 1.5 moves everything by a half.
    expect(closeness.relativeError!.mean).toBeCloseTo(0.5, 6);
    expect(keeps(tiny!, closeness)).toBe(false);
  });
});

it('counts right answers where there are labels, paired by sample', () => {
  const right = Int32Array.from({ length: SAMPLES }, (_, sample) => {
    const row = logits.slice(4 * sample, 4 * sample + 4);
    return row.indexOf(Math.max(...row));
  });
  const original = { logits: float([SAMPLES, 4], logits) };
  const labels = { kind: 'class' as const, perSample: 1, ids: right };
  const meter = new ClosenessMeter(answered(original, right), { generated: false, labels });
  // Of 64 right answers, one is lost.
  const wrong = logits.map((value, i) => (i < 4 ? -value : value));
  const { accuracy } = meter.measure([{ logits: float([SAMPLES, 4], wrong) }]);
  expect(accuracy).toMatchObject({ title: 'top-1 accuracy', before: 1, after: 63 / 64 });
  expect(accuracy!.loss.mean).toBeCloseTo(1 / 64, 10);
  expect(keeps(safe!, { accuracy: accuracy!, distance: 0 })).toBe(false);
});

it('keeps no promise with numbers that are not finite', () => {
  const original = { y: float([SAMPLES, 4], logits) };
  const broken = {
    y: float(
      [SAMPLES, 4],
      logits.map((value, i) => (i === 7 ? Number.NaN : value)),
    ),
  };
  const closeness = new ClosenessMeter(answered(original), { generated: true }).measure([broken]);
  expect(closeness.distance).toBe(Number.POSITIVE_INFINITY);
  expect(PROMISES.some((promised) => keeps(promised, closeness))).toBe(false);
});
