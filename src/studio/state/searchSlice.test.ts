import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { DataReport, ModelReport, SearchReport } from '../../engine/page/light';
import { searchReport } from '../goal/report.fixtures';
import { jobSlice } from './jobs';
import { noticeSlice } from './notices';
import { isOfOtherData, searchSlice } from './searchSlice';
import type { Studio } from './types/studio';

type OnReport = (report: SearchReport) => void;

const engine = vi.hoisted(() => ({ search: vi.fn(), cancel: vi.fn(async () => undefined) }));
vi.mock('../engine', () => ({
  engine,
  callback: <T>(call: T) => call,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

const data: DataReport = { name: 'test.npz', samples: 2000, labelled: true, generated: false };
const model = { name: 'm.onnx' } as ModelReport;

/** A studio with a model open, and a search under way: `found` reports, `end` answers, `fail` rejects. */
function studio() {
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        ...searchSlice(set, get),
        model,
        data,
        runs: [],
        restarting: false,
        keepSoon: vi.fn(),
        stopNow: vi.fn(),
        compress: vi.fn(),
        applyRecipe: vi.fn(async () => true),
      }) as unknown as Studio,
  );
  let found: OnReport = () => undefined;
  let end: OnReport = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  engine.search.mockReset().mockImplementation((_goal, _settings, onReport: OnReport) => {
    found = onReport;
    return new Promise<SearchReport>((resolve, reject) => {
      end = resolve;
      fail = reject;
    });
  });
  engine.cancel.mockImplementation(async () => {
    // It stops at its next step.
    await new Promise((resolve) => setTimeout(resolve, 5));
    fail(new DOMException('cancelled', 'AbortError'));
    return undefined;
  });
  return {
    store,
    found: (report: SearchReport) => found(report),
    end: (report: SearchReport) => end(report),
    fail: (error: Error) => fail(error),
  };
}

const begun = () => vi.waitFor(() => expect(engine.search).toHaveBeenCalled());

beforeEach(() => void engine.cancel.mockClear());

describe('a search', () => {
  it('shows dots as they come, and asks for what the line says', async () => {
    const { store, found, end } = studio();
    store.getState().setGoal({ minimise: 'loss', maxSize: 0.1 });
    store.getState().setSearchSettings({ methods: ['svd'] });
    const done = store.getState().startSearch();
    await begun();
    expect(engine.search.mock.calls[0]!.slice(0, 2)).toEqual([
      { minimise: 'loss', maxSize: 0.1 },
      { methods: ['svd'] },
    ]);
    found(searchReport(2, { stage: 'searching' }));
    expect(store.getState().search).toMatchObject({ data, report: { stage: 'searching' } });
    expect(store.getState().search!.ended).toBeUndefined();
    end(searchReport(5));
    await done;
    expect(store.getState().search).toMatchObject({ ended: 'done', report: { points: { length: 5 } } });
    expect(store.getState().keepSoon).toHaveBeenCalled();
    // A report that comes late is older than the answer.
    found(searchReport(2));
    expect(store.getState().search!.report.points).toHaveLength(5);
  });

  it('that is cancelled keeps what it has found', async () => {
    const { store, found } = studio();
    const done = store.getState().startSearch();
    await begun();
    found(searchReport(3, { stage: 'searching' }));
    store.getState().cancel();
    await done;
    expect(store.getState().search).toMatchObject({ ended: 'stopped', report: { points: { length: 3 } } });
    expect(store.getState().notices).toEqual([]);
  });

  it('that fails keeps what it has found, and says why', async () => {
    const { store, found, fail } = studio();
    const done = store.getState().startSearch();
    await begun();
    found(searchReport(3, { stage: 'searching' }));
    fail(new Error('The runtime ran out of memory.'));
    await done;
    expect(store.getState().search!.ended).toBe('failed');
    expect(store.getState().notices.map(({ text }) => text)).toEqual(['The runtime ran out of memory.']);
  });

  it('that is cancelled before its first dot leaves the one before as it was', async () => {
    const { store } = studio();
    const before = { report: searchReport(4), data, ended: 'done' as const };
    store.setState({ search: before });
    const done = store.getState().startSearch();
    await begun();
    store.getState().cancel();
    await done;
    expect(store.getState().search).toBe(before);
  });

  it('of another model that was opened meanwhile is not shown', async () => {
    const { store, found, end } = studio();
    const done = store.getState().startSearch();
    await begun();
    store.setState({ model: { name: 'other.onnx' } as ModelReport, search: null });
    found(searchReport(2));
    end(searchReport(2));
    await done;
    expect(store.getState().search).toBeNull();
  });
});

describe('a dot', () => {
  it('gives the workbench its recipe', async () => {
    const { store } = studio();
    const report = searchReport(3);
    store.setState({ search: { report, data, ended: 'done' } });
    expect(await store.getState().takePoint(1)).toBe(true);
    expect(store.getState().applyRecipe).toHaveBeenCalledWith(report.points[1]!.recipe, 'The recipe “dot 1”');
    expect(await store.getState().takePoint(99)).toBe(false);
    expect(store.getState().compress).not.toHaveBeenCalled();
  });

  it('that is compressed stops the search first', async () => {
    const { store, found } = studio();
    const done = store.getState().startSearch();
    await begun();
    found(searchReport(3, { stage: 'searching' }));
    vi.mocked(store.getState().compress).mockImplementation(async () => {
      expect(store.getState().jobs).toEqual([]);
    });
    await store.getState().compressPoint(1);
    await done;
    expect(store.getState().search!.ended).toBe('stopped');
    expect(store.getState().compress).toHaveBeenCalledOnce();
  });

  it('is of other data when other data are open', () => {
    const search = { report: searchReport(1), data };
    expect(isOfOtherData({ search, data: { ...data } })).toBe(false);
    expect(isOfOtherData({ search, data: { ...data, samples: 1999 } })).toBe(true);
    expect(isOfOtherData({ search, data: null })).toBe(true);
    expect(isOfOtherData({ search: null, data })).toBe(false);
    const generated = { ...data, name: 'generated', generated: true };
    expect(isOfOtherData({ search: { ...search, data: null }, data: generated })).toBe(false);
  });
});
