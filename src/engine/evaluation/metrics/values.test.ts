import { describe, expect, it } from 'vitest';
import { seeded } from '../../core/random';
import type { Labels } from '../dataset';
import { Fidelity } from '../fidelity';
import { estimated } from '../intervals';
import { batchOf, output } from '../outputs.fixtures';
import type { ChosenKind } from '../report';
import { differenceOf, Score } from '../score';

// Every value is computed again here, in float64 and from its formula.

const { normal } = seeded(21);
const normals = (length: number) => Array.from(Float32Array.from({ length }, normal));

function closeness(kind: ChosenKind, dims: number[], a: readonly number[], b: readonly number[], fed = dims[0]!) {
  const fidelity = new Fidelity({ kinds: { y: kind } });
  fidelity.add({ y: output(dims, a) }, { y: output(dims, b) }, batchOf(fed));
  return fidelity;
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
const squaresOf = (values: readonly number[]) => sumOf(values.map((value) => value * value));
const minus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]!);
const rowsOf = (values: readonly number[], width: number) =>
  Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
const cosineOf = (a: readonly number[], b: readonly number[]) =>
  sumOf(a.map((value, i) => value * b[i]!)) / Math.sqrt(squaresOf(a) * squaresOf(b));

describe('numbers', () => {
  const a = normals(6 * 40);
  const b = a.map((value) => Math.fround(value + 0.05 * normal()));

  it('of a map have a relative error, PSNR and a cosine per sample, and no agreement', () => {
    const fidelity = closeness('map', [6, 5, 8], a, b);
    const report = fidelity.report();
    expect(Object.keys(report).sort()).toEqual(['cosine', 'maxAbsolute', 'psnr', 'relativeError']);
    const squares = squaresOf(minus(a, b));
    expect(report.relativeError).toBeCloseTo(Math.sqrt(squares / squaresOf(a)), 10);
    const range = Math.max(...a) - Math.min(...a);
    expect(report.psnr).toBeCloseTo(10 * Math.log10(range ** 2 / (squares / 240)), 8);
    const cosines = rowsOf(a, 40).map((row, i) => cosineOf(row, rowsOf(b, 40)[i]!));
    expect(report.cosine).toBeCloseTo(sumOf(cosines) / 6, 10);
    const mean = sumOf(cosines) / 6;
    expect(estimated(fidelity.influencesOf('cosine')!).standardError).toBeCloseTo(
      Math.sqrt(squaresOf(cosines.map((value) => value - mean)) / 5 / 6),
      10,
    );
    const { low, high } = fidelity.intervalOf('psnr')!;
    expect(low).toBeLessThan(report.psnr!);
    expect(high).toBeGreaterThan(report.psnr!);
  });

  it('of a signal have a ratio of signal to noise that is the relative error in decibels', () => {
    const { snr, relativeError } = closeness('signal', [6, 40], a, b).report();
    expect(snr).toBeCloseTo(-20 * Math.log10(relativeError!), 10);
    expect(closeness('signal', [6, 40], a, a).report()).toMatchObject({ snr: 200, relativeError: 0, cosine: 1 });
  });

  it('of states are taken sample by sample, along the axis of samples', () => {
    const state = closeness('state', [2, 6, 20], a, b, 6);
    // Sample s has rows s and 6 + s.
    const samples = (values: number[]) =>
      rowsOf(values, 20).flatMap((row, i, rows) => (i < 6 ? [[...row, ...rows[i + 6]!]] : []));
    const cosines = samples(a).map((row, i) => cosineOf(row, samples(b)[i]!));
    expect(state.report().cosine).toBeCloseTo(sumOf(cosines) / 6, 10);
    expect(state.influencesOf('cosine')!.bySample.size).toBe(6);
  });

  it('that are zero in both models are the same', () => {
    const zero = new Array(12).fill(0);
    expect(closeness('map', [3, 4], zero, zero).report()).toEqual({
      cosine: 1,
      maxAbsolute: 0,
      psnr: 200,
      relativeError: 0,
    });
    expect(closeness('map', [3, 4], zero, [...zero.slice(1), 1]).report().relativeError).toBeGreaterThan(1e6);
  });
});

describe('rank agreement', () => {
  // Unit vectors in the plane at these angles: nearer angles are more alike.
  const at = (...angles: number[]) => angles.flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);

  it('is 1 where all embeddings turn alike', () => {
    const angles = [0, 0.2, 0.5, 0.9];
    const turned = angles.map((angle) => angle + 1);
    expect(closeness('embedding', [4, 2], at(...angles), at(...turned)).report().rankAgreement).toBe(1);
  });

  it('is the mean of Spearman’s correlations', () => {
    // Of three samples, each has two others to rank: 1 for the same order, −1 for the other one.
    const before = at(0, 0.2, 0.5);
    // From 0: 0.2 before 0.5, now −0.9 after 0.5. From 0.2: 0 before 0.5, as now from −0.9. From 0.5: 0.2 before 0, now 0 first.
    expect(closeness('embedding', [3, 2], before, at(0, -0.9, 0.5)).report().rankAgreement).toBeCloseTo(
      (-1 + 1 - 1) / 3,
      12,
    );
    expect(closeness('embedding', [2, 2], at(0, 1), at(0, 1)).report()).not.toHaveProperty('rankAgreement');
  });
});

describe('labels', () => {
  const labelled = (ids: number[], perSample: number, more: Partial<Labels> = {}): Labels => ({
    kind: perSample === 1 ? 'class' : 'position',
    perSample,
    ids: Int32Array.from(ids),
    ...more,
  });
  function scored(labels: Labels, dims: number[], values: ArrayLike<number>) {
    const score = new Score(labels);
    score.add({ y: output(dims, values) }, batchOf(dims[0]!, { labels }));
    return score.scores;
  }
  const byName = (scores: ReturnType<typeof scored>) =>
    Object.fromEntries(scores.map(({ metric, mean }) => [metric.name, mean.value]));

  it('of classes give top-1, and top-5 where there are more than five', () => {
    const row = [6, 5, 4, 3, 2, 1, 0];
    const seven = labelled([0, 4, 5, 6], 1);
    expect(byName(scored(seven, [4, 7], [...row, ...row, ...row, ...row]))).toEqual({ top1: 0.25, top5: 0.5 });
    // Of equal numbers the first five count.
    expect(byName(scored(seven, [4, 7], new Array(28).fill(1)))).toEqual({ top1: 0.25, top5: 0.5 });
    expect(byName(scored(labelled([0], 1), [1, 5], [1, 2, 3, 4, 5]))).toEqual({ top1: 0 });
  });

  it('of next tokens give accuracy, bits and perplexity', () => {
    const values = normals(2 * 3 * 256);
    const ids = [3, 200, -100, 17, 0, 255];
    const expected = ids.flatMap((id, i) => {
      if (id < 0) return [];
      const row = rowsOf(values, 256)[i]!;
      return [Math.log(sumOf(row.map(Math.exp))) - row[id]!];
    });
    const nats = sumOf(expected) / 5;
    const scores = byName(scored(labelled(ids, 3, { isNextToken: true }), [2, 3, 256], values));
    expect(Object.keys(scores)).toEqual(['nextToken', 'bitsPerByte', 'perplexity']);
    expect(scores.bitsPerByte).toBeCloseTo(nats / Math.LN2, 12);
    expect(scores.perplexity).toBeCloseTo(Math.exp(nats), 9);
    const others = byName(scored(labelled([0, 1], 2, { isNextToken: true }), [1, 2, 3], [1, 0, 0, 0, 1, 0]));
    expect(Object.keys(others)).toEqual(['nextToken', 'bitsPerToken', 'perplexity']);
    const tags = byName(scored(labelled([0, 2], 2), [1, 2, 3], [1, 0, 0, 0, 1, 0]));
    expect(tags.positionAccuracy).toBe(0.5);
  });

  it('pair the positions of a sample: the difference of perplexities is relative', () => {
    const labels = labelled([1, 0, 1, 1], 2, { isNextToken: true });
    const before = scored(labels, [2, 2, 2], [0, 1, 1, 0, 0, 2, 0, 1]);
    const after = scored(labels, [2, 2, 2], [0, 0.5, 1, 0, 0, 1, 0, 1]);
    const loss = (logit: number) => Math.log(1 + Math.exp(-logit));
    const changes = [loss(0.5) - loss(1), loss(1) - loss(2)].map((change) => change / 2);
    const mean = sumOf(changes) / 2;
    const of = (name: string) => {
      const i = before.findIndex(({ metric }) => metric.name === name);
      return differenceOf(before[i]!, after[i]!)!;
    };
    expect(of('perplexity').mean).toBeCloseTo(Math.exp(mean) - 1, 7);
    expect(of('bitsPerToken').mean).toBeCloseTo(mean / Math.LN2, 7);
    // Two samples: their standard error is half of what they differ by.
    expect(of('bitsPerToken').standardError).toBeCloseTo(Math.abs(changes[0]! - changes[1]!) / 2 / Math.LN2, 7);
    expect(of('nextToken').mean).toBe(0);
  });
});
