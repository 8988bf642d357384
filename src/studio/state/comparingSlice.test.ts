import { beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { comparingSlice, measureOriginals } from './comparingSlice';
import { jobSlice } from './jobs';
import type { Studio } from './types/studio';

// The engine's worker is none of this.
const engine = vi.hoisted(() => ({ evaluateOriginal: vi.fn(), cancel: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  isCancelled: (error: unknown) => (error as Error).name === 'AbortError',
  callback: (call: unknown) => call,
}));

const report = (data: string) => ({ values: { top1: 0.9 }, data });
const labelled = (name: string) => ({ name, samples: 9, labelled: true, generated: false });

function studio() {
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...comparingSlice(set, get),
        ...jobSlice(set, get),
        provider: 'wasm',
        model: null,
        data: null,
        runs: [],
        notify: vi.fn(),
      }) as unknown as Studio,
  );
  measureOriginals(store);
  return store;
}

beforeEach(() => {
  engine.evaluateOriginal.mockReset();
  engine.cancel.mockReset();
  engine.cancel.mockResolvedValue(undefined);
});

it('the original is measured as soon as data with labels are open', async () => {
  engine.evaluateOriginal.mockResolvedValue(report('a.npz'));
  const store = studio();
  store.setState({ data: { ...labelled('u.npz'), labelled: false } });
  await store.getState().endJobs();
  expect(engine.evaluateOriginal).not.toHaveBeenCalled();
  store.setState({ data: labelled('a.npz') });
  await vi.waitFor(() => expect(store.getState().original).toEqual(report('a.npz')));
  expect(store.getState().jobs).toEqual([]);
  store.setState({ data: null });
  expect(store.getState().original).toBeNull();
});

it('other data end the measurement under way, whose answer does not count', async () => {
  const answers = new Map<string, (value: unknown) => void>();
  engine.evaluateOriginal.mockImplementation(
    () => new Promise((resolve) => answers.set(store.getState().data!.name, resolve)),
  );
  const store = studio();
  store.setState({ data: labelled('a.npz') });
  await vi.waitFor(() => expect(answers.has('a.npz')).toBe(true));
  store.setState({ data: labelled('b.npz') });
  expect(engine.cancel).toHaveBeenCalledTimes(1);
  answers.get('a.npz')!(report('a.npz'));
  await vi.waitFor(() => expect(answers.has('b.npz')).toBe(true));
  answers.get('b.npz')!(report('b.npz'));
  await vi.waitFor(() => expect(store.getState().original).toEqual(report('b.npz')));
});

it('an engine that was started again is not given at once what may have ended the first one', async () => {
  engine.evaluateOriginal.mockResolvedValue(report('a.npz'));
  const store = studio();
  store.setState({ restarting: true });
  store.setState({ data: labelled('a.npz') });
  await store.getState().endJobs();
  expect(engine.evaluateOriginal).not.toHaveBeenCalled();
});

it('a fault is told where the accuracy would stand', async () => {
  engine.evaluateOriginal.mockRejectedValue(new Error('The labels need an output of shape [2, classes].'));
  const store = studio();
  store.setState({ data: labelled('a.npz') });
  await vi.waitFor(() => expect(store.getState().originalFault).toContain('The labels need'));
  expect(store.getState().notify).not.toHaveBeenCalled();
});
