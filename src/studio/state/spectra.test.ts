import { beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { Job, LayerReport, LayerSpectrum } from '../../engine/project/engine';
import { PRIORITY } from '../../engine/project/queue';
import { jobSlice } from './jobs';
import { spectraSlice } from './spectra';
import type { Studio } from './types/studio';

// An engine that measures a layer when the test says so, and stops a job that is cancelled.
const engine = vi.hoisted(() => ({ spectra: vi.fn(), cancel: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  callback: <T>(call: T) => call,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

let atWork: { readonly id: string; readonly job: Job; end(error?: Error): void }[];

beforeEach(() => {
  vi.clearAllMocks();
  atWork = [];
  engine.spectra.mockImplementation(
    ([id]: string[], onSpectrum: (spectrum: LayerSpectrum) => void, job: Job) =>
      new Promise<void>((resolve, reject) => {
        const end = (error?: Error) => {
          if (error) return reject(error);
          onSpectrum({ id } as LayerSpectrum);
          resolve();
        };
        atWork.push({ id: id!, job, end });
      }),
  );
  engine.cancel.mockImplementation(async (id: string) =>
    atWork.find(({ job }) => job.id === id)?.end(new DOMException('', 'AbortError')),
  );
});

const layer = (id: string, size: number): LayerReport =>
  ({ id, name: id, shape: [size, size], compressible: true }) as unknown as LayerReport;

const studio = () =>
  createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...spectraSlice(set, get),
        model: { layers: [layer('small', 4), layer('medium', 8), layer('large', 16)] },
        selection: [],
        notices: [],
        runs: [],
        restarting: false,
        notify: vi.fn(),
        clearErrorsBefore: vi.fn(),
      }) as unknown as Studio,
  );
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

it('a job of the user pauses the layer at work, which is measured again afterwards; the selection comes first', async () => {
  const store = studio();
  const measured = store.getState().measureSpectra();
  expect(atWork.map(({ id }) => id)).toEqual(['small']);
  let finish = () => {};
  const job = store.getState().runJob(
    'compress',
    'Compressing',
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await later();
  expect(engine.cancel).toHaveBeenCalledWith(atWork[0]!.job.id);
  expect(store.getState().jobs.map(({ kind, status }) => `${kind} ${status}`)).toEqual([
    'compress running',
    'spectra waiting',
  ]);
  store.setState({ selection: ['large'] });
  finish();
  await job;
  for (let turn = 1; turn <= 3; turn++) {
    await later();
    atWork[turn]!.end();
  }
  await measured;
  expect(atWork.map(({ id }) => id)).toEqual(['small', 'large', 'small', 'medium']);
  expect([...store.getState().spectra.keys()].sort()).toEqual(['large', 'medium', 'small']);
});

it('pauses for figures that are wanted at once, but not for a trial', async () => {
  const store = studio();
  const measured = store.getState().measureSpectra();
  const { figures, preview, foreground } = PRIORITY;
  const add = (kind: 'times' | 'preview', priority: number) =>
    store.getState().enqueue({ kind, label: kind, priority, yieldsTo: foreground, call: async () => kind });
  const trial = add('preview', preview);
  expect(engine.cancel).not.toHaveBeenCalled();
  expect(await add('times', figures)).toBe('times');
  expect(engine.cancel).toHaveBeenCalledWith(atWork[0]!.job.id);
  await trial;
  for (let turn = 1; turn <= 3; turn++) {
    await later();
    atWork[turn]!.end();
  }
  await measured;
  expect(atWork.map(({ id }) => id)).toEqual(['small', 'small', 'medium', 'large']);
});

it('a layer that fails is named with its reason, and the others are measured', async () => {
  const store = studio();
  const measured = store.getState().measureSpectra();
  atWork[0]!.end(new Error('The weight has entries that are no numbers.'));
  for (let turn = 1; turn <= 2; turn++) {
    await later();
    atWork[turn]!.end();
  }
  await measured;
  expect([...store.getState().unmeasured]).toEqual([['small', 'The weight has entries that are no numbers.']]);
  expect(store.getState().spectra.size).toBe(2);
});

it('measures the layers of a model that was opened meanwhile', async () => {
  const store = studio();
  const first = store.getState().measureSpectra();
  store.setState({ model: { layers: [layer('other', 4)] } as unknown as Studio['model'], spectra: new Map() });
  atWork[0]!.end();
  await first;
  await later();
  expect(atWork.map(({ id }) => id)).toEqual(['small', 'other']);
  expect(store.getState().spectra.size).toBe(0);
});
