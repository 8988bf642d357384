import { describe, expect, it } from 'vitest';
import { Damage, WORST_DAMAGE } from './damage';
import type { Labels } from './dataset';
import { batchOf, output } from './outputs.fixtures';
import { Score } from './score';

const before = output([4, 2], [2, 1, 2, 1, 1, 2, 1, 2]);
const after = output([4, 2], [2, 1, 1, 2, 1, 2, 1, 2]);
const LN = Math.tanh(0.5);

describe('damage', () => {
  it('of choices is the KL divergence, and the loss that of agreement', () => {
    const damage = new Damage({});
    damage.add({ y: before }, { y: after }, batchOf(4));
    expect([damage.measure, damage.metric, damage.samples]).toEqual(['kl', 'agreement', 4]);
    // One sample of four has exchanged its logits (2, 1): KL = p₁ − p₂ = tanh ½.
    expect(damage.damage.mean).toBeCloseTo(LN / 4, 6);
    // The mean of (LN, 0, 0, 0) varies with LN·√(3/4²/4).
    expect(damage.damage.standardError).toBeCloseTo(LN / 4, 6);
    expect(damage.loss).toEqual({ mean: 0.25, standardError: 0.25 });
  });

  it('with labels loses what the original had, paired, measured along or before', () => {
    const labels: Labels = { kind: 'class', perSample: 1, ids: Int32Array.of(0, 0, 0, 1) };
    const batch = batchOf(4, { labels });
    const damage = new Damage({ labels });
    damage.add({ y: before }, { y: after }, batch);
    // Right before: 0, 1 and 3. Right after: 0 and 3.
    expect([damage.metric, damage.loss]).toEqual(['top1', { mean: 0.25, standardError: 0.25 }]);
    const original = new Score(labels);
    original.add({ y: before }, batch);
    const again = new Damage({ labels, original: original.scores });
    again.add({ y: before }, { y: after }, batch);
    expect(again.loss).toEqual(damage.loss);
  });

  it('of other numbers is the relative error, and the loss that of the cosine', () => {
    const damage = new Damage({ kinds: { y: 'signal' } });
    damage.add({ y: output([2, 2], [3, 4, 0, 0]) }, { y: output([2, 2], [3, 3, 0, 0]) }, batchOf(2));
    expect([damage.measure, damage.metric]).toEqual(['relativeError', 'cosine']);
    expect(damage.damage.mean).toBeCloseTo(1 / 5, 6);
    expect(damage.loss.mean).toBeCloseTo((1 - 21 / (5 * Math.sqrt(18))) / 2, 6);
  });

  it('of one number is its relative error, and the loss too: a cosine would say nothing', () => {
    const damage = new Damage({ kinds: { y: 'numbers' } });
    damage.add({ y: output([2, 1], [3, 4]) }, { y: output([2, 1], [3, 5]) }, batchOf(2));
    expect([damage.measure, damage.metric]).toEqual(['relativeError', 'relativeError']);
    expect(damage.loss.mean).toBeCloseTo(1 / 5, 12);
  });

  it('is the worst where numbers are not finite', () => {
    const damage = new Damage({});
    damage.add({ y: before }, { y: output([4, 2], [Number.NaN, 0, 0, 1, 0, 1, 0, 1]) }, batchOf(4));
    damage.add({ y: before }, { y: after }, batchOf(4, { start: 4 }));
    expect(damage.damage).toEqual({ mean: WORST_DAMAGE });
    expect(damage.loss).toEqual({ mean: 1 });
  });
});
