import { expect, it } from 'vitest';
import type { EqualBytesReport } from '../../engine/project/engine';
import { errorAxis, formatSize, heightOf, missingIn, placed, seriesOf } from './series';

const point = (method: string, bytes: number, error: number, outputError?: number) => ({
  method,
  title: method.toUpperCase(),
  size: bytes / 1000,
  bytes,
  error,
  ...(outputError !== undefined && { outputError }),
  dense: [],
  blind: [],
  steps: [],
});
const report = (points: EqualBytesReport['points']): EqualBytesReport => ({
  layers: ['fc'],
  denseBytes: 1000,
  sizes: [0.5, 0.25],
  points,
  skipped: [],
  absent: [],
});

it('a line for each method, by what is really stored, of the error that is asked for', () => {
  const found = report([point('svd', 500, 0.2, 0.1), point('svd', 240, 0.4, 0.3), point('half', 500, 0.001)]);
  expect(seriesOf(found, 'weight')).toMatchObject([
    {
      title: 'SVD',
      points: [
        { x: 0.24, y: 0.4 },
        { x: 0.5, y: 0.2 },
      ],
    },
    { title: 'HALF', points: [{ x: 0.5, y: 0.001 }] },
  ]);
  expect(seriesOf(found, 'output').map(({ points }) => points.map(({ y }) => y))).toEqual([[0.3, 0.1], []]);
});

it('no two of ten lines look the same', () => {
  const many = report(Array.from({ length: 10 }, (_, i) => point(`m${i}`, 500, 0.1)));
  const looks = seriesOf(many, 'weight').map(({ look }) => JSON.stringify(look));
  expect(new Set(looks).size).toBe(10);
});

it('variants that look at data stand beside others by the output only, in the colour of their method', () => {
  const found = report([
    point('prune', 500, 0.2, 0.2),
    { ...point('prune', 500, 0.3, 0.1), variant: 'Wanda' },
    { ...point('prune', 500, 0.4, 0.05), variant: 'SparseGPT' },
    point('half', 500, 0.001, 0.001),
  ]);
  expect(seriesOf(found, 'weight').map(({ key }) => key)).toEqual(['prune', 'half']);
  const lines = seriesOf(found, 'output');
  expect(lines.map(({ key }) => key)).toEqual(['prune', 'prune Wanda', 'prune SparseGPT', 'half']);
  expect(new Set(lines.slice(0, 3).map(({ look }) => look.colour)).size).toBe(1);
  expect(new Set(lines.slice(0, 3).map(({ look }) => look.dash)).size).toBe(3);
  expect(lines[3].look.colour).not.toBe(lines[0].look.colour);
});

it('says once why a method has no line, and of the others which points are missing', () => {
  const found = {
    ...report([point('svd', 500, 0.2)]),
    skipped: [
      { title: 'SVD', size: 0.25, reason: 'is too small' },
      { title: 'HALF', size: 0.25, reason: 'comes to 50 %' },
      { title: 'HALF', size: 0.5, reason: 'is half' },
    ],
    absent: [{ title: 'UNITS', reason: 'cuts units' }],
  };
  expect(missingIn(found)).toEqual({
    lines: [
      { title: 'HALF', reason: 'is half' },
      { title: 'UNITS', reason: 'cuts units' },
    ],
    points: [{ title: 'SVD', size: 0.25, reason: 'is too small' }],
  });
});

it('errors stand on a logarithmic axis with a few ticks, zero at its foot', () => {
  const wide = errorAxis([0, 0.9]);
  expect(wide.ticks.map((tick) => tick.toPrecision(1))).toEqual(['0.00001', '0.0001', '0.001', '0.01', '0.1']);
  expect(heightOf(0, wide)).toBeLessThan(1);
  expect(heightOf(0, wide)).toBe(heightOf(1e-9, wide));
  expect(heightOf(wide.most, wide)).toBe(0);
  expect(errorAxis([0.14, 0.9]).ticks.map((tick) => tick.toPrecision(1))).toEqual(['0.2', '0.5']);
});

it('names stand where their lines end, but for those that would lie on one another or beyond the foot', () => {
  expect(placed([0, 50, 100], 15, 200)).toEqual([0, 50, 100]);
  expect(placed([10, 12, 11], 15, 200)).toEqual([10, 40, 25]);
  expect(placed([195, 199, 120], 15, 200)).toEqual([185, 200, 120]);
});

it('tells sizes in the text as on the axis', () => {
  expect([0.5, 0.25, 0.125, 0.0625].map(formatSize)).toEqual(['50 %', '25 %', '12.5 %', '6.25 %']);
});
