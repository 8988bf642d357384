import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { jobSlice } from './jobs';
import { noticeSlice } from './notices';
import { restartSlice } from './restart';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({
  start: vi.fn(),
  cancel: vi.fn(async () => undefined),
  open: vi.fn(),
  openData: vi.fn(),
}));
vi.mock('../engine', () => ({
  engine,
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
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        measureSpectra: vi.fn(),
      }) as unknown as Studio,
  );
  store.getState().notify('error', 'There is not enough memory.');
  await store.getState().restart('It hung.');
  return store.getState();
}

it('Data that was replaced by other data and cannot be read any more is not missed', async () => {
  const { notices, data, sources, lostRuns } = await restarted(report('new.npz'));
  expect(notices.map(({ text }) => text)).toEqual([
    'There is not enough memory.',
    'It hung. model.onnx is open again. Runs keep their figures; exporting or comparing one compresses it again first.',
  ]);
  expect(data).toEqual(report('new.npz'));
  expect(sources!.data.map(({ name }) => name)).toEqual(['new.npz']);
  expect([...lostRuns]).toEqual([1]);
});

it('Data that is missed is named, and the model is open again all the same', async () => {
  const { notices, data } = await restarted(report('old.npz'));
  expect(notices[1].text).toBe('old.npz cannot be read again: open the data once more.');
  expect(notices[2].text).toMatch(/^It hung\. model\.onnx is open again\./);
  expect(data).toEqual(report('new.npz'));
});

it('The error that made a restart necessary stays in view after it', async () => {
  const { notices } = await restarted(report('new.npz'));
  expect(notices[0]).toMatchObject({ tone: 'error', text: 'There is not enough memory.' });
  expect(notices[0].past).toBeUndefined();
});
