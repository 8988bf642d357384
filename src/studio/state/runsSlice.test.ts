import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { Job, RunReport } from '../../engine/project/engine';
import { jobSlice } from './jobs';
import { runsSlice } from './runsSlice';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({
  compress: vi.fn(),
  writeFor: vi.fn(),
  evaluate: vi.fn(),
  cancel: vi.fn(),
  forgetRun: vi.fn(),
}));
vi.mock('../engine', () => ({ engine, isCancelled: () => false, callback: (call: unknown) => call }));

const runOf = (sha256: string): RunReport =>
  ({
    run: 1,
    recipe: { version: 1, steps: [], export: { aim: 'file' } },
    result: { calibration: { data: 'data.npz', samples: 8, sha256 } },
    evaluation: { data: 'data.npz' },
    evaluatedFor: 'file',
  }) as unknown as RunReport;

/** A studio with one run, written for a small file, while the workbench is set to speed. */
const studio = (part: Partial<Studio> = {}) =>
  createStore<Studio>()(
    (set, get) =>
      ({
        ...runsSlice(set, get),
        runs: [runOf('before')],
        exports: new Map([[1, {}]]),
        ...jobSlice(set, get),
        notices: [],
        settings: {},
        comparing: {},
        lostRuns: new Set(),
        notify: vi.fn(),
        clearErrorsBefore: vi.fn(),
        measureSpectra: vi.fn(),
        proposeWhereNone: vi.fn(),
        ...part,
      }) as unknown as Studio,
  );

beforeEach(() => {
  engine.compress.mockReset();
  engine.writeFor.mockReset();
});

it('Choosing a run brings its aim along: it is not written for the one that was chosen before', async () => {
  const store = studio();
  store.setState({
    async applyRecipe() {
      await new Promise((resolve) => setTimeout(resolve, 1));
      store.setState({ settings: { export: { aim: 'file' } } });
      return true;
    },
  });
  void store.getState().showRun(1);
  // As Compare asks when it sees a run that is written otherwise than is chosen.
  expect(await store.getState().writeAsChosen(1)).toBe(true);
  expect(engine.writeFor).not.toHaveBeenCalled();
  expect(store.getState().exports.size).toBe(1);
});

for (const [data, kept] of [
  ['before', true],
  ['other', false],
] as const) {
  it(`A lost run that is compressed again ${kept ? 'keeps' : 'loses'} its figures where calibration data are ${kept ? 'the same' : 'others'}`, async () => {
    const store = studio({ lostRuns: new Set([1]), settings: { export: { aim: 'file' } } });
    engine.compress.mockResolvedValue(runOf(data));
    // Fails after the compressing, as this engine cannot evaluate.
    await store.getState().evaluate(1);
    const { runs, lostRuns, exports } = store.getState();
    expect(lostRuns.size).toBe(0);
    expect(runs[0]!.result).toEqual(runOf(data).result);
    expect(runs[0]!.evaluation !== undefined).toBe(kept);
    expect(exports.has(1)).toBe(kept);
  });
}

it('A lost run that is removed is removed from what is kept too', async () => {
  const store = studio({ lostRuns: new Set([1]) });
  engine.forgetRun.mockResolvedValue(undefined);
  await store.getState().forgetRun(1);
  expect(engine.forgetRun).toHaveBeenCalledExactlyOnceWith(1);
  expect(store.getState().runs).toEqual([]);
});

describe('an interrupted run', () => {
  const recipe = { version: 1, steps: [] };
  const working = () =>
    studio({ runs: [], lastRun: 0, fixedRecipe: recipe, included: new Set(['a']), stacks: new Map() });

  it('is remembered with its progress while it is at work, and no longer when it was cancelled', async () => {
    const store = working();
    engine.compress.mockImplementation(async (_: unknown, job: Job) => {
      job.onProgress!({ done: 7.4, total: 12, label: 'fc7' });
      expect(store.getState().interrupted).toMatchObject({ run: 1, recipe, done: 7, total: 12 });
      expect([...store.getState().interrupted!.stacks.keys()]).toEqual(['a']);
      throw Object.assign(new Error('cancelled'), { name: 'AbortError' });
    });
    await store.getState().compress();
    expect(engine.compress).toHaveBeenCalledOnce();
    expect(store.getState().interrupted).toBeNull();
  });

  it('is not there once it has finished, even where its progress comes after its answer', async () => {
    const store = working();
    let late: Job['onProgress'];
    engine.compress.mockImplementation(async (_: unknown, job: Job) => {
      late = job.onProgress;
      return runOf('data');
    });
    await store.getState().compress();
    late!({ done: 12, total: 12, label: 'fc12' });
    expect(store.getState()).toMatchObject({ interrupted: null, lastRun: 1 });
  });

  it('is offered after its engine was replaced, and continued by its own recipe', async () => {
    const store = working();
    engine.compress.mockImplementation(async () => {
      store.setState({ restarting: true });
      throw new Error('The engine was replaced.');
    });
    await store.getState().compress();
    store.setState({ restarting: false, fixedRecipe: { version: 1, steps: ['others'] } });
    expect(store.getState().interrupted).toMatchObject({ run: 1 });
    engine.compress.mockResolvedValue(runOf('data'));
    await store.getState().continueRun();
    expect(engine.compress.mock.lastCall![0]).toBe(recipe);
    expect(store.getState()).toMatchObject({ interrupted: null, lastRun: 1, currentRun: 1 });
    expect([...store.getState().ranStacks.get(1)!.keys()]).toEqual(['a']);
  });
});
