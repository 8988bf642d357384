import { beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { RunReport } from '../../engine/project/engine';
import { jobSlice } from './jobs';
import { runsSlice } from './runsSlice';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({ compress: vi.fn(), writeFor: vi.fn() }));
vi.mock('../engine', () => ({ engine, isCancelled: () => false }));

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
        lostRuns: new Set(),
        notify: vi.fn(),
        clearErrorsBefore: vi.fn(),
        measureSpectra: vi.fn(),
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
