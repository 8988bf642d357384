import { describe, expect, it } from 'vitest';
import { csvOf } from '../../engine/page/planning';
import { damageScaleOf } from './damageScale';
import { shortened, svgOf } from './exports';
import { BEST, heatMapOf } from './map';
import { cellOf, measured, reportOf } from './report.fixtures';

const cells = [
  cellOf('up "a", <b>', 'svd', 0.5, { ...measured(0.03125, 0.004), loss: { mean: -0.002, standardError: 0.001 } }),
  cellOf('up "a", <b>', 'svd', 0.25, { estimatedError: 0.25 }),
  cellOf('down', 'svd', 0.5, { skipped: 'it would not get smaller' }),
  cellOf('down', 'svd', 0.25),
];
const report = reportOf(cells);
const palette = { scheme: 'light', ink: '#000000', quiet: '#666666', panel: '#ffffff', well: '#eeeeee' } as const;

describe('as CSV', () => {
  const lines = csvOf(report).trimEnd().split('\r\n');
  it('has a row for every cell, with numbers in full', () => {
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe(
      '"up ""a"", <b>",MatMul,1000,svd,0.5,500,measured,,0.03125,0.004,-0.002,0.001,,"[{""method"":""svd"",""options"":{""size"":0.5}}]"',
    );
  });
  it('tells estimates, skipped cells and open ones apart', () => {
    const column = lines[0]!.split(',').indexOf('state');
    expect(lines.slice(3).map((line) => line.split(',')[column])).toEqual(['skipped', 'open']);
    expect(lines[2]).toContain(',estimated,0.25,');
    expect(lines[3]).toContain('it would not get smaller');
  });
});

describe('as SVG', () => {
  const drawn = (chosen: ReadonlyMap<number, number>) =>
    svgOf({ map: heatMapOf(report, BEST), scale: damageScaleOf(report), palette, chosen });
  const text = drawn(new Map());
  it('has names, levels and numbers, and markup in names is text', () => {
    expect(text).toContain('up &quot;a&quot;, &lt;b&gt;');
    expect(text).toContain('>50 %<');
    expect(text).toContain('>0.031<');
    expect(text).toContain('>≈ 25 %<');
    expect(text).not.toContain('<b>');
  });
  it('hatches estimates alone', () => {
    expect(text.match(/fill="url\(#hatch\)"/g)).toHaveLength(1);
  });
  it('frames what is chosen', () => {
    expect(text).not.toContain('stroke-width="2"');
    expect(drawn(new Map([[0, 1]]))).toContain('stroke-width="2"');
  });
  it('opens and closes every element', () => {
    const opened = text.match(/<(?![/?])[^>]*[^/]>/g) ?? [];
    expect(text.match(/<\//g)).toHaveLength(opened.length);
  });
});

it('long names are cut in the middle, and keep more of their end', () => {
  expect(shortened('/model/blocks.10/attention/query', 20)).toBe('/model/…ention/query');
  expect(shortened('/model/blocks.10/attention/query', 20).length).toBe(20);
  expect(shortened('short', 20)).toBe('short');
});
