import { describe, expect, it } from 'vitest';
import { BEST, cellsAt, heatMapOf, isAlike, listedLevel } from './map';
import { cellOf, generatedReport, measured, reportOf } from './report.fixtures';

const states = (rows: ReturnType<typeof heatMapOf>['rows']) => rows.map((row) => row.map((cell) => cell?.state));

describe('a map', () => {
  it('has the layers in the order of the model, and the levels from large to small', () => {
    const { layers, levels, rows } = heatMapOf(
      reportOf([cellOf('b', 'svd', 0.25, measured(2)), cellOf('b', 'svd', 0.5, measured(1)), cellOf('a', 'svd', 0.5)]),
      'svd',
    );
    expect(layers.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(levels).toEqual([0.5, 0.25]);
    expect(rows[0]!.map((cell) => cell!.value)).toEqual([1, 2]);
  });

  it('shows an estimate until a cell is measured, and says nothing where nothing is known', () => {
    const cells = [
      cellOf('a', 'svd', 0.5, { estimatedError: 0.2, ...measured(0.03) }),
      cellOf('a', 'svd', 0.25, { estimatedError: 0.4 }),
      cellOf('b', 'svd', 0.5, { skipped: 'it would not get smaller' }),
      cellOf('b', 'svd', 0.25),
    ];
    const { rows } = heatMapOf(reportOf(cells), 'svd');
    expect(states(rows)).toEqual([
      ['measured', 'estimated'],
      ['skipped', undefined],
    ]);
    expect(rows[0]!.map((cell) => cell!.value)).toEqual([0.03, 0.4]);
  });

  it('takes the line with the least damage as best, and prefers what is measured to any estimate', () => {
    const cells = [
      cellOf('a', 'svd', 0.5, measured(3)),
      cellOf('a', 'quantize', 0.5, measured(1)),
      cellOf('a', 'prune', 0.5, { estimatedError: 0.001 }),
      cellOf('b', 'svd', 0.5, { skipped: 'no' }),
      cellOf('b', 'quantize', 0.5, { estimatedError: 0.3 }),
    ];
    const { rows } = heatMapOf(reportOf(cells), BEST);
    expect(rows.map(([cell]) => cell!.cell.line)).toEqual(['quantize', 'quantize']);
    expect(states(rows)).toEqual([['measured'], ['estimated']]);
  });

  it('calls a cell skipped only when every line skips it', () => {
    const skipped = { skipped: 'no' };
    const report = reportOf([cellOf('a', 'svd', 0.5, skipped), cellOf('a', 'prune', 0.5)]);
    expect(states(heatMapOf(report, 'svd').rows)).toEqual([['skipped']]);
    expect(states(heatMapOf(report, BEST).rows)).toEqual([[undefined]]);
  });

  it('says which cells cannot be told from no damage, from the level before, and from another line', () => {
    const cells = [
      cellOf('a', 'svd', 0.5, measured(1, 0.6)),
      cellOf('a', 'svd', 0.25, measured(2, 0.1)),
      cellOf('a', 'svd', 0.125, measured(2.2, 0.1)),
      cellOf('a', 'prune', 0.125, measured(2.3, 0.1)),
      cellOf('a', 'quantize', 0.125, measured(9, 0.1)),
    ];
    const [row] = heatMapOf(reportOf(cells), BEST).rows;
    expect(row!.map((cell) => cell!.likeNone)).toEqual([true, false, false]);
    // 2 − 1 is within 1.96·√(0.6² + 0.1²) = 1.19; 2.2 − 2 within 0.28.
    expect(row!.map((cell) => cell!.likePrevious)).toEqual([false, true, true]);
    expect(row!.map((cell) => cell!.rivals)).toEqual([[], [], ['prune']]);
  });
});

it('of one sample nothing is said about noise', () => {
  expect(isAlike({ mean: 1 }, { mean: 1 })).toBe(false);
  expect(isAlike({ mean: 1, standardError: 0.1 }, { mean: 1.05 })).toBe(false);
});

it('lists show the level that was asked for, or the one closest to half of the bytes', () => {
  const report = reportOf([0.9, 0.45, 0.2].map((level) => cellOf('a', 'svd', level, measured(level))));
  expect(listedLevel(report, null)).toBe(0.45);
  expect(listedLevel(report, 0.2)).toBe(0.2);
  expect(listedLevel(report, 0.3)).toBe(0.45);
  expect(cellsAt(heatMapOf(report, 'svd'), 0.2).get('a')!.value).toBe(0.2);
});

it('a large report has a cell of one of the three states almost everywhere', () => {
  const { rows } = heatMapOf(generatedReport(400, 12), BEST);
  const all = rows.flat();
  expect(all).toHaveLength(4800);
  expect(all.filter((cell) => cell?.state === 'measured').length).toBeGreaterThan(3000);
  expect(all.filter((cell) => cell?.state === 'estimated').length).toBeGreaterThan(500);
});
