import { expect, it } from 'vitest';
import type { EqualBytesReport } from '../../worker/protocol';
import { seriesOf } from './series';

const point = (method: string, bytes: number, error: number, outputError?: number) => ({
  method,
  title: method.toUpperCase(),
  size: bytes / 1000,
  bytes,
  error,
  ...(outputError !== undefined && { outputError }),
});
const report = (points: EqualBytesReport['points']): EqualBytesReport => ({
  layers: ['fc'],
  denseBytes: 1000,
  sizes: [0.5, 0.25],
  points,
  skipped: [],
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
