import { describe, expect, it } from 'vitest';
import type { DataReport } from '../../engine/page/light';
import { describeBest, describeData, describeMeasured, describeStage, formatPoints, shownIn } from './describe';
import { searchPoint, searchReport } from './report.fixtures';

describe('a loss', () => {
  it('is told in points with its 95 % interval', () => {
    // 1.96 standard errors over many samples, 2.36 over eight.
    expect(formatPoints({ mean: 0.0042, standardError: 0.0015 }, 1e6)).toBe('0.4 ± 0.3');
    expect(formatPoints({ mean: 0.0042, standardError: 0.01 }, 8)).toBe('0.4 ± 2.4');
    expect(formatPoints({ mean: -0.012, standardError: 0.0015 }, 1e6)).toBe('−1.2 ± 0.3');
    expect(formatPoints({ mean: 0.0004, standardError: 0.0001 }, 1e6)).toBe('0.04 ± 0.02');
    expect(formatPoints({ mean: 0.25 }, 1)).toBe('25.0');
  });
  it('is never minus nothing', () => {
    expect(formatPoints({ mean: -0.0001, standardError: 0.002 }, 1e6)).toBe('0.0 ± 0.4');
    expect(formatPoints({ mean: 0, standardError: 0 }, 100)).toBe('0.0 ± 0.0');
  });
});

describe('what a loss is', () => {
  const data: DataReport = { name: 'test.npz', samples: 2000, labelled: true, generated: false };
  it('is said before a search', () => {
    expect(describeData(data)).toContain('labels of test.npz, 2,000 samples');
    expect(describeData({ ...data, labelled: false })).toContain('disagreement with the original');
    expect(describeData(null)).toContain('generated inputs');
    expect(describeData({ ...data, generated: true })).toBe(describeData(null));
  });
  it('is said after one', () => {
    const labelled = describeMeasured(searchReport(3));
    expect(labelled).toContain('points of top-1 accuracy; the original has 92.3 %');
    expect(labelled).toContain('600 samples steer the search, 400 others check');
    const without = describeMeasured(
      searchReport(3, { labelled: false, generated: true, metric: 'agreement', samples: { search: 8, check: 0 } }),
    );
    expect(without).toContain('disagreement with the original');
    expect(without).toContain('inputs that were generated');
    expect(without).toContain('none left to check');
    expect(describeMeasured(searchReport(3, { labelled: false, metric: 'cosine' }))).toContain('a hundredth of');
  });
});

describe('an answer', () => {
  it('is that of samples apart where there is one', () => {
    const point = searchPoint(4, 0.1, 0.8);
    expect(describeBest(searchReport(0, { points: [point], best: 4 }))).toBe(
      '100 kB (10.0 % of the bytes), 0.8 ± 0.4 points lost',
    );
    const checked = { damage: point.damage, loss: { mean: 0.011, standardError: 0.002 } };
    expect(describeBest(searchReport(0, { points: [{ ...point, checked }], best: 4 }))).toContain(
      '1.1 ± 0.4 points lost on samples that',
    );
    expect(describeBest(searchReport(0))).toBeUndefined();
  });
  it('that is looked at is the chosen one, the best, or the nearest', () => {
    const report = searchReport(5);
    expect(shownIn(report, 3)?.id).toBe(3);
    expect(shownIn(report, null)?.id).toBe(report.best);
    // A dot of an earlier search.
    expect(shownIn(report, 77)?.id).toBe(report.best);
    const { best: _, ...without } = report;
    expect(shownIn({ ...without, outOfReach: { reason: 'no', nearest: 2 } }, null)?.id).toBe(2);
    expect(shownIn(without, null)).toBeUndefined();
  });
  it('is kept when the search is stopped, and says so', () => {
    const report = searchReport(3, { stage: 'searching' });
    expect(describeStage({ report, data: null })).toBe('Searching');
    expect(describeStage({ report, data: null, ended: 'stopped' })).toBe('Stopped: the best so far is kept');
    const { best: _, ...without } = report;
    expect(describeStage({ report: without, data: null, ended: 'stopped' })).toBe('Stopped');
  });
});
