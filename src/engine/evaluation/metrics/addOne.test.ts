import { expect, it, vi } from 'vitest';
import type { HostTensor, Session } from '../../runtime';

// What adding a metric is: its file, and one line in the list.
vi.mock('./list', async (original) => {
  const { meanSquaredError, top2 } = await import('./metrics.fixtures');
  return { METRICS: [...(await original<typeof import('./list')>()).METRICS, top2, meanSquaredError] };
});

const { evaluate } = await import('../evaluate');
const { openDataset } = await import('../openDataset');
const { jsonOf, summary } = await import('../../../cli/evaluate');
const { qualityRows } = await import('../../../studio/compare/quality');

const logits: Record<'before' | 'after', number[]> = {
  before: [3, 2, 1, 1, 3, 2, 0, 1, 2, 5, 1, 0],
  // The second sample's largest output becomes its second largest.
  after: [3, 2, 1, 1, 2, 3, 0, 1, 2, 5, 1, 0],
};

/** A session that answers from a table, sample by sample. */
const session = (values: readonly number[]): Session => ({
  inputNames: ['x'],
  outputNames: ['y'],
  run: async ({ x }: Record<string, HostTensor>) => {
    const rows = [...(x!.data as Float32Array)].flatMap((sample) => values.slice(3 * sample, 3 * sample + 3));
    return { y: { type: 'float32', dims: [x!.dims[0]!, 3], data: Float32Array.from(rows) } };
  },
  release: async () => {},
});

const x: HostTensor = { type: 'float32', dims: [4], data: Float32Array.of(0, 1, 2, 3) };
const labels: HostTensor = { type: 'int32', dims: [4], data: Int32Array.of(0, 1, 2, 0) };
const inputs = [{ name: 'x', type: 'float32' as const, shape: ['n'] }];

const reportOn = (arrays: Record<string, HostTensor>) =>
  evaluate(
    session(logits.before),
    session(logits.after),
    openDataset(new Map(Object.entries(arrays)), inputs, 'd.npz'),
    { provider: 'cpu', latency: { runs: 1, budgetMs: 1 } },
  );

it('new metrics are measured with labels, beside the one that stands first', async () => {
  const report = await reportOn({ x, labels });
  expect([report.metric, report.before, report.after]).toEqual(['top1', 1, 0.75]);
  expect(report.others).toEqual({ top2: { before: 1, after: 1 } });
  // One entry of twelve went down by 1, another up by 1.
  expect(report.fidelity.mse).toBeCloseTo(2 / 12, 12);
});

it('the command line writes them, as text and as JSON', async () => {
  const report = await reportOn({ x, labels });
  expect(summary(report)).toMatch(/^top-2 accuracy +1\.0000 \(.*\) +1\.0000 \(.*\) +\+0\.0000 ± 0\.\d+, may be none$/m);
  expect(summary(report)).toMatch(/^mean squared error +0\.167 \(/m);
  const json = JSON.parse(JSON.stringify(jsonOf(report)));
  expect(json).toMatchObject({ metric: 'top1', others: { top2: { after: 1 } }, fidelity: { mse: expect.anything() } });
});

it('the page writes them in Compare, with or without labels', async () => {
  const rows = qualityRows(await reportOn({ x, labels }));
  expect(rows.map(({ name }) => name)).toEqual([
    'top-1 accuracy',
    'top-2 accuracy',
    'agreement',
    'KL divergence',
    'cosine',
    'mean squared error',
  ]);
  expect(rows[1]).toMatchObject({
    original: '100.0 %',
    compressed: '100.0 %',
    change: expect.stringMatching(/^0\.0 ± \d+\.\d pt$/),
  });
  expect(rows[5]).toMatchObject({ compressed: '0.167' });
  const unlabelled = qualityRows(await reportOn({ x }));
  expect(unlabelled.map(({ name }) => name)).not.toContain('top-2 accuracy');
  expect(unlabelled.at(-1)!.name).toBe('mean squared error');
});
