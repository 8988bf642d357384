import { expect, it } from 'vitest';
import type { EvaluateReport, RunReport } from '../../engine/project/engine';
import type { Proposals, Stack } from '../store';
import { verdictOf } from './verdict';

const half: Stack = [{ method: 'svd', options: { size: 0.5 } }];
const tenth: Stack = [{ method: 'svd', options: { size: 0.1 } }];

/** A run whose largest relative error is `error`, with the accuracy that data found. */
const run = (number: number, error: number, after: number, part: Partial<EvaluateReport> = {}): RunReport =>
  ({
    run: number,
    recipe: {},
    result: { layers: [{ weightError: { measured: error } }] },
    evaluation: {
      metric: 'top1',
      before: 0.9,
      after,
      fidelity: { agreement: after, majority: 0.2, kl: 0, cosine: 1 },
      data: 'test.npz',
      ...part,
    },
  }) as unknown as RunReport;

const state = (runs: readonly RunReport[], stack: Stack = half) => ({
  runs,
  currentRun: runs.at(-1)?.run ?? null,
  ranStacks: new Map(runs.map((each) => [each.run, new Map([['fc', half]])])),
  stacks: new Map([['fc', stack]]),
  included: new Set(['fc']),
  proposals: null,
});

/** A proposal in the workbench, measured on these data. */
const proposed = (data: string, loss: number, keepsPromise: boolean): Proposals =>
  ({
    report: {
      data,
      generated: data === 'generated',
      proposals: [
        {
          name: 'safe',
          keepsPromise,
          closeness: {
            accuracy: { title: 'top-1 accuracy', before: 0.9, after: 0.9 - loss, loss: { mean: loss } },
            distance: 0.1,
          },
        },
      ],
    },
    taken: { name: 'safe', stacks: [['fc', half]] },
  }) as unknown as Proposals;

it('what was measured of the proposal in the workbench takes the place of a warning, on data alone', () => {
  expect(verdictOf({ ...state([]), proposals: proposed('test.npz', 0.004, true) }, 0.7)).toEqual({
    sentence: 'The proposal “safe” on test.npz: top-1 accuracy 89.6 %, before 90.0 % (loses 0.4 points).',
    kept: true,
  });
  expect(verdictOf({ ...state([]), proposals: proposed('test.npz', 0.2, false) }, 0.7)).toMatchObject({ kept: false });
  expect(verdictOf({ ...state([]), proposals: proposed('generated', 0.004, true) }, 0.7)).toBeUndefined();
  // Another stack is in the workbench.
  expect(verdictOf({ ...state([], tenth), proposals: proposed('test.npz', 0.004, true) }, 0.7)).toBeUndefined();
});

it('what was measured of the same stacks takes the place of a warning', () => {
  expect(verdictOf(state([run(2, 0.7, 0.895)]), 0.7)).toEqual({
    sentence: 'Run 2 on test.npz: top-1 accuracy 89.5 %, before 90.0 %.',
    kept: true,
  });
  expect(verdictOf(state([run(2, 0.7, 0.4)]), 0.7)).toMatchObject({ kept: false });
});

it('data that bore a larger error says so of a smaller one, and nothing of a larger', () => {
  const runs = [run(1, 0.7, 0.9), run(2, 0.2, 0.9)];
  expect(verdictOf(state(runs, tenth), 0.6)?.sentence).toMatch(/^Run 1 /);
  expect(verdictOf(state(runs, tenth), 0.8)).toBeUndefined();
  // A run that lost its accuracy proves nothing for other stacks.
  expect(verdictOf(state([run(1, 0.7, 0.3)], tenth), 0.6)).toBeUndefined();
});

it('generated inputs and constant answers say nothing', () => {
  expect(verdictOf(state([run(1, 0.7, 0.9, { data: 'generated' })]), 0.7)).toBeUndefined();
  const constant = { agreement: 1, majority: 0.99, kl: 0, cosine: 1 } as EvaluateReport['fidelity'];
  expect(verdictOf(state([run(1, 0.7, 1, { metric: 'fidelity', fidelity: constant })]), 0.7)).toBeUndefined();
});

it('without labels closeness counts, without labels for classes perplexity', () => {
  const close = verdictOf(state([run(1, 0.7, 0.97, { metric: 'fidelity', before: 1 })]), 0.7);
  expect(close).toEqual({ sentence: 'Run 1 on test.npz: agreement with the original 97.0 %.', kept: true });
  expect(verdictOf(state([run(1, 0.7, 12, { metric: 'perplexity', before: 10 })]), 0.7)?.kept).toBe(false);
  expect(verdictOf(state([run(1, 0.7, 10.1, { metric: 'perplexity', before: 10 })]), 0.7)?.kept).toBe(true);
});
