import { afterAll, expect, it } from 'vitest';
import { version } from '../../../package.json';
import { storedBytes } from '../model/model';
import { compress } from '../recipe/compress';
import { checkRecipe } from '../recipe/schema';
import { goalOf } from './goal';
import type { SearchReport } from './report';
import { search } from './search';
import { smallSearch } from './search.fixtures';

const { model, backend, context: small } = await smallSearch();
const context = { ...small, program: version };
afterAll(() => backend.dispose());

const found = async (limits: Parameters<typeof goalOf>[0], settings = {}, more = {}) =>
  search(goalOf(limits), settings, { ...context, ...more }, () => undefined);

const written = async ({ points, best }: SearchReport) =>
  (await compress(model, checkRecipe(points[best!]!.recipe), context)).report.after.bytes;

it('a file has the bytes that the search said, and no more than were allowed', async () => {
  const reports: SearchReport[] = [];
  const settings = { methods: ['half', 'quantize', 'svd'] };
  const report = await search(goalOf({ maxSize: 0.25 }), settings, context, (one) => reports.push(one));
  const best = report.points[report.best!]!;
  expect(best.bytes).toBeLessThanOrEqual(0.25 * storedBytes(model));
  expect(await written(report)).toBe(best.bytes);
  expect(best.checked).toBeDefined();
  // Every layer alike comes first, and mixing layers is better.
  const uniform = report.points.filter(({ from, bytes }) => from === 'uniform' && bytes <= 0.25 * storedBytes(model));
  expect(best.damage.mean).toBeLessThan(Math.min(...uniform.map(({ damage }) => damage.mean)));
  expect(report.points[0]!.from).toBe('uniform');
  expect(report).toMatchObject({ stage: 'done', measure: 'kl', metric: 'agreement', labelled: false, original: 1 });
  expect(report.samples).toEqual({ search: 32, check: 32 });
  // Reports grow.
  expect(reports.length).toBeGreaterThan(1);
  expect(reports.at(-1)).toBe(report);
});

it('the same seed finds the same recipe', async () => {
  const settings = { seed: 3, methods: ['half', 'quantize'] };
  const [a, b] = [await found({ maxSize: 0.2 }, settings), await found({ maxSize: 0.2 }, settings)];
  expect(a.points).toEqual(b.points);
});

it('as small as possible with a limit of the loss', async () => {
  const report = await found({ maxLoss: 0.1 }, { methods: ['quantize', 'prune'] });
  const best = report.points[report.best!]!;
  expect(best.loss.mean).toBeLessThanOrEqual(0.1);
  expect(best.bytes).toBeLessThan(0.5 * storedBytes(model));
  expect(await written(report)).toBe(best.bytes);
});

it('only methods that are allowed are used', async () => {
  const { points } = await found({ maxSize: 0.5 }, { methods: ['svd'] });
  for (const { recipe } of points) for (const { method } of checkRecipe(recipe).steps) expect(method).toBe('svd');
});

it('a goal out of reach is said to be, and the nearest point is offered', async () => {
  const report = await found({ maxBytes: 2000 });
  expect(report.best).toBeUndefined();
  const { reason, nearest } = report.outOfReach!;
  expect(reason).toMatch(/more than the 2,000 allowed/);
  expect(report.points[nearest!]!.bytes).toBe(Math.min(...report.points.map(({ bytes }) => bytes)));
});

it('a limit of the latency is kept by models that were timed', async () => {
  // Ten times the original's time is always kept.
  const report = await found({ maxLatency: 10 }, { methods: ['svd', 'quantize'] });
  expect(report.points[report.best!]!.latency).toBeGreaterThan(0);
  const impossible = await found({ maxLatency: 1e-9 }, { methods: ['svd'] });
  expect(impossible.best).toBeUndefined();
  expect(impossible.outOfReach!.reason).toMatch(/fast/);
  expect(impossible.points[impossible.outOfReach!.nearest!]!.latency).toBeGreaterThan(0);
});

it('a cancelled search has reported what it found', async () => {
  const cancel = new AbortController();
  let last: SearchReport | undefined;
  const searching = search(goalOf({ maxSize: 0.2 }), {}, { ...context, signal: cancel.signal }, (report) => {
    last = report;
    if (report.points.length >= 3) cancel.abort();
  });
  await expect(searching).rejects.toThrow(/abort/i);
  expect(last!.points.length).toBeGreaterThanOrEqual(3);
});
