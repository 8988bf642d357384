import { describe, expect, it } from 'vitest';
import type { Stack } from '../store';
import { cellsBelow, chosenCells, withCells } from './choose';
import { BEST } from './map';
import { cellOf, measured, reportOf } from './report.fixtures';

const cells = [
  cellOf('a', 'svd', 0.5, measured(0.01)),
  cellOf('a', 'svd', 0.25, measured(0.2)),
  cellOf('a', 'quantize', 0.25, measured(0.05)),
  cellOf('b', 'svd', 0.5, measured(0.3)),
  cellOf('b', 'svd', 0.25, { estimatedError: 0.001 }),
  cellOf('b', 'quantize', 0.25, { skipped: 'no' }),
];
const report = reportOf(cells);
const own: Stack = [{ method: 'half', options: {} }];

describe('choosing cells', () => {
  it('gives layers the steps and ticks them, and the map finds them again', () => {
    const next = withCells({ stacks: new Map(), included: new Set() }, new Map([['a', cells[2]!]]));
    expect(next.stacks.get('a')).toEqual([{ method: 'quantize', options: { size: 0.25 } }]);
    expect([...next.included]).toEqual(['a']);
    expect([...chosenCells(report, next)]).toEqual([['a', cells[2]]]);
  });

  it('unticks layers that a new model began with, and keeps what the user has made', () => {
    const before = { stacks: new Map([['b', own]]), included: new Set(['b', 'c']) };
    const next = withCells(before, new Map([['a', cells[0]!]]));
    expect([...next.included].sort()).toEqual(['a', 'b']);
    expect(next.stacks.get('b')).toBe(own);
  });

  it('leaves a layer as it is where null is chosen, and its steps for later', () => {
    const before = { stacks: new Map([['b', own]]), included: new Set(['b']) };
    const next = withCells(before, new Map([['b', null]]));
    expect([...next.included]).toEqual([]);
    expect(next.stacks.get('b')).toBe(own);
  });

  it('does not call a layer chosen that has other steps, or is not ticked', () => {
    const stacks = new Map([['a', cells[0]!.steps as Stack]]);
    expect(chosenCells(report, { stacks, included: new Set() }).size).toBe(0);
    expect(chosenCells(report, { stacks: new Map([['a', own]]), included: new Set(['a']) }).size).toBe(0);
  });
});

describe('all cells below a damage', () => {
  const below = (limit: number, line = BEST) =>
    [...cellsBelow(report, line, limit)].map(([id, cell]) => cell && `${id} ${cell.line} ${cell.level}`);

  it('are the smallest of each layer, of all lines or of one', () => {
    expect(below(0.06)).toEqual(['a quantize 0.25', null]);
    expect(below(1)).toEqual(['a quantize 0.25', 'b svd 0.5']);
    expect(below(0.06, 'svd')).toEqual(['a svd 0.5', null]);
  });
  it('are none where nothing measured is below it: an estimate chooses nothing', () => {
    expect(below(0.005)).toEqual([null, null]);
    expect(below(0.3)).toEqual(['a quantize 0.25', null]);
  });
});
