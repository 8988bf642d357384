import { MantineProvider } from '@mantine/core';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { PointDetails } from './PointDetails';
import { PointTable } from './PointTable';
import { searchPoint, searchReport } from './report.fixtures';

// The engine's worker needs a browser; nothing here calls it.
vi.mock('../engine', () => ({ engine: {}, whenEngineDies: vi.fn() }));

const point = searchPoint(4, 0.1, 0.8, {
  title: 'mixed: 2 × 4 bits, 1 × rank',
  from: 'swaps',
  checked: { damage: { mean: 0.02 }, loss: { mean: 0.011, standardError: 0.002 } },
});
const report = searchReport(0, { points: [searchPoint(1, 0.02, 30), point], best: 4 });

it('a dot says what its recipe does, what it was measured to lose, and on which samples', () => {
  const drawn = (part: object) =>
    renderToStaticMarkup(
      createElement(MantineProvider, null, createElement(PointDetails, { report, point: { ...point, ...part } })),
    );
  const text = drawn({});
  for (const words of [
    'mixed: 2 × 4 bits, 1 × rank',
    'improved by exchanges between layers · meets the goal · the best so far',
    'quantize bits 4',
    '2 layers',
    'svd size 25 % → half',
    'fc3',
    '100 kB',
    '10.0 % of the bytes',
    '0.8 ± 0.4 points lost',
    'top-1 accuracy 91.5 %',
    '1.1 ± 0.4 points lost',
    'on 400 samples that the search never saw',
    'Compress and compare',
    'Use this recipe',
  ])
    expect(text).toContain(words);
  expect(text).not.toContain('Latency');
  expect(drawn({ latency: 0.62 })).toContain('62 % of the original’s, measured here');
  expect(drawn({ checked: undefined })).toContain('not yet');
});

it('a dot that was checked on the samples of the search was not checked', () => {
  const few = searchReport(0, { points: [point], samples: { search: 8, check: 0 }, metric: 'cosine', original: 1 });
  const text = renderToStaticMarkup(
    createElement(MantineProvider, null, createElement(PointDetails, { report: few, point })),
  );
  expect(text).toContain('no samples are left for that');
  expect(text).not.toContain('never saw');
  expect(text).toContain('0.9920');
});

it('the table is closed at first, so that hundreds of rows cost nothing', () => {
  const text = renderToStaticMarkup(createElement(PointTable, { report, shown: 4 }));
  expect(text).toContain('All recipes as a table');
  expect(text).not.toContain('<table');
});
