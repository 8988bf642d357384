import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import { seeded } from '../core/random';
import type { HostTensor } from '../runtime';
import { Fidelity } from './fidelity';
import { batchOf, output } from './outputs.fixtures';
import type { ChosenKind, FidelityReport } from './report';

function compare(a: HostTensor, b: HostTensor, batch = batchOf(a.dims[0]!), kind?: ChosenKind): FidelityReport {
  const fidelity = new Fidelity(kind && { kinds: { y: kind } });
  fidelity.add({ y: a }, { y: b }, batch);
  return fidelity.report();
}

const normals = (length: number, seed: number) => {
  const { normal } = seeded(seed);
  return Array.from({ length }, normal);
};
const softmax = (row: number[]) => {
  const sum = row.reduce((total, value) => total + Math.exp(value), 0);
  return row.map((value) => Math.exp(value) / sum);
};

describe('fidelity', () => {
  it('is perfect for equal outputs', () => {
    const y = output([4, 10], normals(40, 1));
    expect(compare(y, y)).toEqual({ agreement: 1, majority: 0.5, kl: 0, cosine: 1, maxAbsolute: 0 });
  });

  it('tells how often the original gives its most frequent answer', () => {
    const y = output([4, 2], [1, 0, 1, 0, 0, 1, 1, 0]);
    expect(compare(y, output([4, 2], [0, 1, 0, 1, 0, 1, 0, 1])).majority).toBe(0.75);
  });

  it('follows its formulas', () => {
    // p = (½, ½), q = (¾, ¼): KL = ½·log(½/¾) + ½·log(½/¼) = ½·log(4/3).
    const a = output([2, 2], [0, 0, 2, 1]);
    const b = output([2, 2], [Math.log(3), 0, 1, 2]);
    const report = compare(a, b);
    // The second rows are (2, 1) and (1, 2): p₁ − p₂ = tanh ½ is their divergence too, as the log-odds differ by 2.
    expect(report.kl).toBeCloseTo((Math.log(4 / 3) / 2 + Math.tanh(0.5)) / 2, 6);
    expect(report.agreement).toBe(0.5);
    expect(report.maxAbsolute).toBeCloseTo(Math.log(3), 6);
    // The first sample is zero in the original, the cosine of the second one is 4/5.
    expect(report.cosine).toBeCloseTo(0.4, 6);
  });

  it('recognises probabilities, and gives what their logits give', () => {
    const [rows, width] = [6, 5];
    const a = normals(rows * width, 2);
    const b = normals(rows * width, 3);
    const rowsOf = (values: number[]) =>
      Array.from({ length: rows }, (_, r) => values.slice(r * width, (r + 1) * width));
    const logits = compare(output([rows, width], a), output([rows, width], b));
    const probabilities = compare(
      output([rows, width], rowsOf(a).flatMap(softmax)),
      output([rows, width], rowsOf(b).flatMap(softmax)),
    );
    // Probabilities rounded to float32 carry a relative error of 6e−8 each.
    expect(probabilities.kl).toBeCloseTo(logits.kl, 6);
    expect(probabilities.agreement).toBe(logits.agreement);
    expect(logits.kl).toBeGreaterThan(0.1);
  });

  it('is not taken in by a first batch of logits that sum to 1', () => {
    const fidelity = new Fidelity();
    fidelity.add({ y: output([1, 2], [0.25, 0.75]) }, { y: output([1, 2], [0.75, 0.25]) }, batchOf(1));
    fidelity.add({ y: output([1, 2], [-1, 3]) }, { y: output([1, 2], [-1, 3]) }, batchOf(1, { start: 1 }));
    // Logits ±½: KL = ½·tanh ¼. Read as probabilities it would be ½·log 3.
    expect(fidelity.report().kl).toBeCloseTo((0.5 * Math.tanh(0.25)) / 2, 6);
  });

  it('stays finite where a softmax underflowed, and where logits are huge', () => {
    const lost = compare(output([1, 2], [0.5, 0.5]), output([1, 2], [1, 0]));
    expect(lost.kl).toBeCloseTo(0.5 * Math.log(0.5) + 0.5 * (Math.log(0.5) + 126 * Math.LN2), 4);
    expect(compare(output([1, 2], [1e4, 0]), output([1, 2], [0, 1e4])).kl).toBeCloseTo(1e4, 6);
  });

  it('reads a single number as yes or no', () => {
    // Probabilities ½ and ¾ of "yes", then the same as logits.
    const kl = Math.log(4 / 3) / 2;
    const sigmoid = compare(output([3, 1], [0.5, 0.9, 0.4]), output([3, 1], [0.75, 0.9, 0.6]));
    expect(sigmoid.agreement).toBeCloseTo(2 / 3, 12);
    const logits = compare(output([2], [0, -5]), output([2], [Math.log(3), -5]), batchOf(2), 'choices');
    expect(logits.kl).toBeCloseTo(kl / 2, 6);
    expect(logits.agreement).toBe(1);
  });

  it('does not take a 1×1 image for an axis', () => {
    const a = normals(20, 4);
    const b = normals(20, 5);
    const flat = compare(output([2, 10], a), output([2, 10], b));
    expect(compare(output([2, 10, 1, 1], a), output([2, 10, 1, 1], b))).toEqual(flat);
  });

  it('is the same in one batch and in many, with copies that fill a fixed batch left out', () => {
    const a = normals(30, 6);
    const b = normals(30, 7);
    const whole = compare(output([5, 6], a), output([5, 6], b));
    const parts = new Fidelity();
    for (const start of [0, 2, 4]) {
      const slice = (values: number[], filler: number) =>
        output([2, 6], [...values.slice(start * 6, start * 6 + 12), ...new Array(6).fill(filler)].slice(0, 12));
      parts.add({ y: slice(a, 9) }, { y: slice(b, Number.NaN) }, batchOf(Math.min(2, 5 - start), { start, fed: 2 }));
    }
    const { agreement, kl, cosine, maxAbsolute } = parts.report();
    // Only the order of additions differs.
    expect([agreement, kl, cosine, maxAbsolute]).toEqual(
      [whole.agreement, whole.kl, whole.cosine, whole.maxAbsolute].map((value) => expect.closeTo(value, 12)),
    );
  });

  it('takes the mean over outputs, reads float16, and leaves other types alone', () => {
    const fidelity = new Fidelity();
    const half = (bits: number[]): HostTensor => ({ type: 'float16', dims: [1, 2], data: Uint16Array.from(bits) });
    const ids: HostTensor = { type: 'int64', dims: [1], data: BigInt64Array.of(1n) };
    fidelity.add(
      { a: output([1, 2], [1, 0]), b: half([0x3c00, 0]), ids },
      { a: output([1, 2], [0, 1]), b: half([0x3c00, 0]), ids: { ...ids, data: BigInt64Array.of(2n) } },
      batchOf(1),
    );
    expect(fidelity.report()).toMatchObject({ agreement: 0.5, cosine: 0.5, maxAbsolute: 1 });
  });

  it('says when an output is not finite, which model it was, and where', () => {
    const good = output([2, 2], [1, 2, 3, 4]);
    const bad = (value: number) => output([2, 2], [1, 2, value, 4]);
    const batch = batchOf(2, { start: 8 });
    expect(() => compare(good, bad(Number.NaN), batch)).toThrow(UserError);
    expect(() => compare(good, bad(Number.NaN), batch)).toThrow(
      'The compressed model\'s output "y" holds NaN at sample 9: compress it less',
    );
    expect(() => compare(bad(Number.POSITIVE_INFINITY), good)).toThrow(
      'The original model\'s output "y" holds an infinite value at sample 1: check the data',
    );
    expect(() => compare(good, bad(Number.NEGATIVE_INFINITY))).toThrow('The compressed model');
  });

  it('lets both models call a class impossible', () => {
    const never = Number.NEGATIVE_INFINITY;
    const report = compare(output([1, 3], [0, 0, never]), output([1, 3], [Math.log(3), 0, never]));
    expect(report.kl).toBeCloseTo(Math.log(4 / 3) / 2, 6);
    expect(report.maxAbsolute).toBeCloseTo(Math.log(3), 6);
    expect(compare(output([1, 2], [never, never]), output([1, 2], [never, never])).kl).toBe(0);
  });

  it('leaves out what has another shape, and says so where nothing is left', () => {
    const [two, three] = [output([1, 2], [1, 2]), output([1, 3], [1, 2, 3])];
    const fidelity = new Fidelity();
    fidelity.add({ found: two, y: two }, { found: three, y: two }, batchOf(1));
    expect(fidelity.report().maxAbsolute).toBe(0);
    expect(() => compare(two, three)).toThrow('"y" is [1, 2] in the original and [1, 3] in the compressed model');
    expect(() => new Fidelity().report()).toThrow('neither has an output of floating-point numbers');
    expect(() => new Fidelity().add({ y: two }, { z: two }, batchOf(1))).toThrow('has no output "y"');
  });

  it('tells zero outputs from a direction', () => {
    const [zero, one] = [output([1, 2], [0, 0]), output([1, 2], [1, 0])];
    expect(compare(zero, zero).cosine).toBe(1);
    expect(compare(one, zero).cosine).toBe(0);
    expect(compare(one, output([1, 2], [-1, 0])).cosine).toBe(-1);
  });
});
