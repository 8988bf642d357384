import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import type { Batch, Labels } from './dataset';
import { output } from './outputs.fixtures';
import { Score } from './score';

const labelled = (ids: number[], perSample = 1, kind: Labels['kind'] = 'class') => {
  const labels: Labels = { kind, perSample, ids: Int32Array.from(ids) };
  const samples = ids.length / perSample;
  const batch: Batch = { start: 0, samples, fed: samples, feeds: {}, labels: labels.ids };
  return { labels, batch };
};
/** The value of a metric; absent: of the one that comes first. */
const measured = (score: Score, name?: string): number =>
  score.scores.find(({ metric }) => name === undefined || metric.name === name)!.mean.value;

function score(
  outputs: Record<string, HostTensor>,
  { labels, batch }: ReturnType<typeof labelled>,
  metric?: string,
): number {
  const made = new Score(labels);
  made.add(outputs, batch);
  return measured(made, metric);
}

describe('top-1', () => {
  const rows = [0.1, 0.7, 0.2, 3, -1, 2, -5, -4, -3, 1, 1, 0];

  it('is the share of labels that are the largest output, without the ignored ones', () => {
    expect(score({ y: output([4, 3], rows) }, labelled([1, 0, 0, 0]))).toBe(0.75);
    expect(score({ y: output([4, 3], rows) }, labelled([1, -100, 0, -100]))).toBe(0.5);
  });

  it('looks past axes of size 1, and past outputs that do not fit', () => {
    const labels = labelled([1, 0, 2, 0]);
    const other = output([4, 2, 2], new Array(16).fill(0));
    expect(score({ features: other, y: output([4, 3, 1, 1], rows) }, labels)).toBe(1);
    expect(score({ y: output([3], [0, 1, 0]) }, labelled([1]))).toBe(1);
  });

  it('counts batches up, and does not count what fills a fixed one up', () => {
    const made = new Score(labelled([1, 0, 0]).labels);
    made.add(
      { y: output([2, 2], [0, 1, 0, 1]) },
      { start: 0, samples: 2, fed: 2, feeds: {}, labels: Int32Array.of(1, 0) },
    );
    made.add(
      { y: output([2, 2], [1, 0, 1, 0]) },
      { start: 2, samples: 1, fed: 2, feeds: {}, labels: Int32Array.of(0) },
    );
    expect(measured(made)).toBeCloseTo(2 / 3, 12);
  });

  it('says what does not fit', () => {
    const labels = labelled([0, 1]);
    expect(() => score({ map: output([2, 2, 3], new Array(12).fill(0)) }, labels)).toThrow(UserError);
    expect(() => score({ map: output([2, 2, 3], new Array(12).fill(0)) }, labels)).toThrow(
      'The labels need an output of shape [2, classes], but the model gives "map" [2, 2, 3]',
    );
    expect(() => score({ y: output([2, 3], new Array(6).fill(0)) }, labelled([0, 3]))).toThrow(
      'Label 3 is no class of output "y", which has 3',
    );
    expect(() => score({ y: output([1, 2], [0, 1]) }, labelled([-100]))).toThrow('All labels are -100');
  });
});

describe('perplexity', () => {
  it('is the number of classes where all are equally likely', () => {
    const y = output([2, 3, 4], new Array(24).fill(7));
    expect(score({ y }, labelled([0, 1, 2, 3, -100, 1], 3, 'position'), 'perplexity')).toBeCloseTo(4, 12);
  });

  it('is e to the mean cross-entropy over the positions that count', () => {
    // Softmax of (log 3, 0) is (¾, ¼).
    const y = output([1, 3, 2], [Math.log(3), 0, Math.log(3), 0, 50, -50]);
    const expected = Math.exp(-(Math.log(3 / 4) + Math.log(1 / 4)) / 2);
    // The logits are float32: 6e−8 relative.
    expect(score({ y }, labelled([0, 1, -100], 3, 'position'), 'perplexity')).toBeCloseTo(expected, 6);
  });

  it('does not overflow, and reads probabilities as they are', () => {
    const huge = output([1, 2, 2], [1e4, 1e4, -1e4, -1e4]);
    expect(score({ y: huge }, labelled([0, 1], 2, 'position'), 'perplexity')).toBeCloseTo(2, 12);
    const probabilities = output([1, 2, 2], [0.75, 0.25, 0.5, 0.5]);
    expect(score({ y: probabilities }, labelled([0, 1], 2, 'position'), 'perplexity')).toBeCloseTo(
      1 / Math.sqrt(0.75 * 0.5),
      6,
    );
  });

  it('needs an output per position', () => {
    expect(() =>
      score({ y: output([2, 5], new Array(10).fill(0)) }, labelled([1, 1, 1, 1], 2, 'position'), 'perplexity'),
    ).toThrow('The labels need an output of shape [2, 2, classes], but the model gives "y" [2, 5]');
  });
});
