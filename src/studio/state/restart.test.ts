import { describe, expect, it, vi } from 'vitest';
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
  onKeeping: vi.fn(),
  openProject: vi.fn(),
  keeping: vi.fn(async (): Promise<{ project?: string }> => ({})),
}));
vi.mock('../engine', () => ({
  engine,
  callback: <T>(call: T) => call,
  isCancelled: () => false,
  replaceEngine: vi.fn(),
  whenEngineDies: vi.fn(),
}));

const report = (name: string) => ({ name, samples: 8 }) as unknown as Studio['data'];

/** A studio with two data files, of which the first cannot be read any more. */
async function restarted(data: Studio['data'], part: Partial<Studio> = {}) {
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
        project: null,
        readOnly: false,
        lastRun: 1,
        runs: [{ run: 1 }],
        lostRuns: new Set(),
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        measureSpectra: vi.fn(),
        proposeWhereNone: vi.fn(),
        keepNow: vi.fn(),
        keepSoon: vi.fn(),
        keepingChanged: vi.fn(),
        ...part,
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

describe('a project that is kept', () => {
  const kept = (part: object = {}) => ({ data: report('new.npz'), missing: [], lost: [], runs: [{ run: 1 }], ...part });

  it('is opened from what is kept, and its runs are not compressed again', async () => {
    engine.openProject.mockResolvedValue(kept());
    const { notices, lostRuns, keepSoon } = await restarted(report('new.npz'), { project: 'p' });
    expect(engine.openProject.mock.calls[0]).toEqual(['p', expect.anything(), undefined]);
    expect(lostRuns.size).toBe(0);
    // The engine before may have ended with changes of the page that it had not kept.
    expect(keepSoon).toHaveBeenCalledOnce();
    expect(notices.at(-1)!.text).toBe('It hung. model.onnx is open again.');
  });

  it('that only another tab keeps is opened to read again', async () => {
    engine.openProject.mockResolvedValue(kept());
    await restarted(report('new.npz'), { project: 'p', readOnly: true });
    expect(engine.openProject.mock.lastCall![2]).toBe('read');
  });

  it('names runs and data that are gone', async () => {
    engine.openProject.mockResolvedValue(kept({ lost: [1], missing: ['new.npz'] }));
    const runs = [{ run: 1 }, { run: 2 }] as unknown as Studio['runs'];
    const { notices, lostRuns } = await restarted(report('new.npz'), { project: 'p', runs });
    expect([...lostRuns]).toEqual([1, 2]);
    expect(notices.map(({ text }) => text)).toContain('new.npz cannot be read again: open the data once more.');
    expect(notices.at(-1)!.text).toContain('Runs keep their figures');
  });

  it('that the browser has cleared is opened from its files', async () => {
    engine.openProject.mockRejectedValue(new Error('The project is not kept any more.'));
    const file = new File([], 'model.onnx');
    engine.keeping.mockResolvedValueOnce({ project: 'q' });
    const sources = { model: [file], data: [] };
    const { notices, lostRuns, project } = await restarted(null, { project: 'p', sources });
    // It is kept as another project from now on.
    expect(project).toBe('q');
    expect(engine.open.mock.lastCall![0]).toEqual([file]);
    expect([...lostRuns]).toEqual([1]);
    expect(notices.at(-1)!.text).toContain('model.onnx is open again.');
  });
});
