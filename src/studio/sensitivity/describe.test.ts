import { describe, expect, it } from 'vitest';
import { cellText, describeCell, formatEstimated, formatLoss } from './describe';
import { BEST, heatMapOf } from './map';
import { cellOf, measured, reportOf } from './report.fixtures';

describe('a cell says', () => {
  const cells = [
    cellOf('a', 'svd', 0.5, { ...measured(1, 0.6), loss: { mean: 0.0123, standardError: 0.004 } }),
    cellOf('a', 'svd', 0.25, measured(2, 0.3)),
    cellOf('a', 'prune', 0.25, measured(2.1, 0.3)),
    cellOf('b', 'svd', 0.5, { estimatedError: 0.12 }),
    cellOf('b', 'svd', 0.25, { skipped: 'it would not get smaller' }),
    cellOf('b', 'prune', 0.25, { skipped: 'it would not get smaller' }),
    cellOf('c', 'svd', 0.5, { damage: { mean: 0.2 } }),
  ];
  const map = heatMapOf(reportOf(cells, { metric: 'top1' }), BEST);
  const say = (row: number, column: number) => describeCell(map, map.rows[row]![column], map.levels[column]!).join(' ');

  it('its damage with the standard error, its bytes and what the metric loses', () => {
    expect(say(0, 0)).toContain('Truncated SVD: KL divergence 1 ± 0.6, 500 B stored.');
    expect(say(0, 0)).toContain('loses 1.23 ± 0.40 points.');
  });
  it('what it cannot be told from', () => {
    expect(say(0, 0)).toContain('It cannot be told from no damage.');
    expect(say(0, 1)).toContain('It cannot be told from 50 % of the bytes.');
    expect(say(0, 1)).toContain('As good here, as far as can be told: Pruning.');
  });
  it('that an estimate is one', () => {
    expect(say(1, 0)).toBe('Truncated SVD: not measured yet. Estimated error 12.0 %, 500 B stored.');
  });
  it('why it is skipped', () => {
    expect(say(1, 1)).toBe('No method takes it: it would not get smaller.');
  });
  it('that one sample tells nothing about noise, and that nothing is known', () => {
    expect(say(2, 0)).toContain('One sample tells nothing about noise.');
    expect(say(2, 1)).toBe('Nothing is known yet.');
  });
  it('the same in short on the map', () => {
    expect([...map.rows[0]!, ...map.rows[1]!].map((cell) => cellText(cell!))).toEqual(['≈ 0', '2', '≈ 12 %', '–']);
  });
});

it('a standard error is written with one digit', () => {
  expect(formatEstimated({ mean: 0.0312, standardError: 0.00449 })).toBe('0.031 ± 0.004');
  expect(formatLoss({ mean: -0.5, standardError: 0.04 }, 'perplexity')).toBe('−0.5 ± 0.04');
});
