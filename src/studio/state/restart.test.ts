import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { restartSlice } from './restart';
import type { Studio } from './types';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({ start: vi.fn(), open: vi.fn(), openData: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  newJob: () => ({ id: 'job' }),
  isCancelled: () => false,
  replaceEngine: vi.fn(),
  whenEngineDies: vi.fn(),
}));

const report = (name: string) => ({ name, samples: 8 }) as unknown as Studio['data'];

/** A studio with two data files, of which the first cannot be read any more. */
async function restarted(data: Studio['data']) {
  engine.openData.mockImplementation(async ({ name }: File) => {
    if (name === 'old.npz') throw Object.assign(new Error('The file could not be read.'), { name: 'NotReadableError' });
    return report(name);
  });
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...restartSlice(set, get),
        model: { name: 'model.onnx' },
        sources: { model: [], data: [new File([], 'old.npz'), new File([], 'new.npz')] },
        data,
        runs: [{ run: 1 }],
        job: null,
        notices: [],
        notify: vi.fn(),
        goOn: vi.fn(),
        measureSpectra: vi.fn(),
      }) as unknown as Studio,
  );
  await store.getState().restart('It hung.');
  return store.getState();
}

it('Data that was replaced by other data and cannot be read any more is not missed', async () => {
  const { notify, data, sources, lostRuns } = await restarted(report('new.npz'));
  expect(vi.mocked(notify).mock.calls.map(([, text]) => text)).toEqual([
    'It hung. model.onnx is open again. Runs keep their figures; exporting or comparing one compresses it again first.',
  ]);
  expect(data).toEqual(report('new.npz'));
  expect(sources!.data.map(({ name }) => name)).toEqual(['new.npz']);
  expect([...lostRuns]).toEqual([1]);
});

it('Data that is missed is named, and the model is open again all the same', async () => {
  const { notify, data } = await restarted(report('old.npz'));
  const said = vi.mocked(notify).mock.calls.map(([, text]) => text);
  expect(said[0]).toBe('old.npz cannot be read again: open the data once more.');
  expect(said[1]).toMatch(/^It hung\. model\.onnx is open again\./);
  expect(data).toEqual(report('new.npz'));
});
