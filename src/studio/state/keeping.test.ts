import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { LayerReport, ModelReport } from '../../engine/project/engine';
import { jobSlice } from './jobs';
import { keepChanges, keepingSlice } from './keeping';
import { noticeSlice } from './notices';
import { openedState } from './opened';
import { isKept, projectsSlice } from './projectsSlice';
import type { Studio } from './types/studio';

const engine = vi.hoisted(() => ({
  keepPage: vi.fn(),
  openProject: vi.fn(),
  cancel: vi.fn(),
}));
vi.mock('../engine', () => ({
  engine,
  callback: <T>(call: T) => call,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

const model = {
  name: 'm.onnx',
  layers: ['a', 'b'].map((id) => ({ id, parameters: 10, compressible: true }) as unknown as LayerReport),
} as unknown as ModelReport;

/** What a tab remembers: sessionStorage. */
let remembered: Map<string, string>;
/** The page's part of each project, as the engine keeps it. */
let kept: Map<string, unknown>;

/** A page of this tab; a new one is what a reload makes. */
function page() {
  const store = createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        ...keepingSlice(set, get),
        ...projectsSlice(set, get),
        sort: 'order',
        descending: false,
        provider: 'wasm',
        restarting: false,
        model: null,
        runs: [],
        started: async () => true,
        measureSpectra: vi.fn(),
        showKnownSensitivity: vi.fn(),
        proposeWhereNone: vi.fn(),
      }) as unknown as Studio,
  );
  keepChanges(store);
  engine.keepPage
    .mockReset()
    .mockImplementation(async (project: string, part: unknown) => void kept.set(project, part));
  return store;
}

const opened = (id: string, part: object = {}) => ({
  project: id,
  report: model,
  data: null,
  runs: [],
  lastRun: 0,
  lost: [],
  missing: [],
  page: kept.get(id),
  ...part,
});

beforeEach(() => {
  vi.useFakeTimers();
  remembered = new Map();
  kept = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => remembered.get(key) ?? null,
    setItem: (key: string, value: string) => void remembered.set(key, value),
    removeItem: (key: string) => void remembered.delete(key),
  });
  engine.openProject.mockReset().mockImplementation(async (id: string) => opened(id));
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  };
});

describe('the page’s part of a project', () => {
  it('is kept once changes have come to rest, and is there again after a reload', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    await vi.advanceTimersByTimeAsync(1000);
    // Opening is no change.
    expect(kept.size).toBe(0);
    for (let size = 1; size < 9; size++)
      store.setState({ stacks: new Map([['a', [{ method: 'svd', options: { size: size / 10 } }]]]), filter: 'x' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(engine.keepPage).toHaveBeenCalledOnce();
    const again = page();
    expect(again.getState().reopening).toBe(true);
    await again.getState().openTabsProject();
    expect(again.getState()).toMatchObject({ project: 'p', filter: 'x', reopening: false, model });
    expect(again.getState().stacks.get('a')).toEqual([{ method: 'svd', options: { size: 0.8 } }]);
  });

  it('survives a reload right after a change', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    store.setState({ filter: 'last moment' });
    store.getState().keepForReload();
    expect(kept.size).toBe(0);
    const again = page();
    await again.getState().openTabsProject();
    expect(again.getState().filter).toBe('last moment');
    // The engine keeps it from now on.
    await vi.advanceTimersByTimeAsync(1000);
    expect(kept.get('p')).toMatchObject({ filter: 'last moment' });
  });

  it('survives a reload that ends the engine before it has kept a change', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    // The engine is in the middle of a long step.
    engine.keepPage.mockImplementation(() => new Promise(() => undefined));
    store.setState({ filter: 'on its way' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(engine.keepPage).toHaveBeenCalledOnce();
    store.getState().keepForReload();
    const again = page();
    await again.getState().openTabsProject();
    expect(again.getState().filter).toBe('on its way');
  });

  it('is the newest one also where the page came back from the browser’s cache in between', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    store.setState({ filter: 'before the page was left' });
    store.getState().keepForReload();
    store.setState({ filter: 'after it came back' });
    await vi.advanceTimersByTimeAsync(1000);
    store.getState().keepForReload();
    const again = page();
    await again.getState().openTabsProject();
    expect(again.getState().filter).toBe('after it came back');
  });

  it('of a project that was closed meanwhile does not go to the one that is open', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    store.setState({ filter: 'of p' });
    await store.getState().openProject('q');
    await vi.advanceTimersByTimeAsync(1000);
    expect(kept.get('p')).toMatchObject({ filter: 'of p' });
    expect(kept.has('q')).toBe(false);
    expect(store.getState().filter).toBe('');
  });

  it('is not kept where another tab keeps the project', async () => {
    const store = page();
    await store.getState().openProject('p', 'read');
    store.setState({ filter: 'x' });
    store.getState().keepNow();
    await vi.advanceTimersByTimeAsync(1000);
    expect(kept.size).toBe(0);
  });

  it('is lost without an error where the browser denies storage to the page', async () => {
    vi.stubGlobal('sessionStorage', undefined);
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    store.setState({ filter: 'x' });
    store.getState().keepForReload();
    await page().getState().openTabsProject();
    expect(engine.openProject).not.toHaveBeenCalled();
  });
});

describe('a project', () => {
  it('that another tab has open is asked about, and can be read or taken over', async () => {
    const store = page();
    engine.openProject.mockRejectedValueOnce(Object.assign(new Error('elsewhere'), { name: 'OpenElsewhereError' }));
    expect(await store.getState().openProject('p')).toBe(false);
    expect(store.getState()).toMatchObject({ openElsewhere: { id: 'p' }, model: null, notices: [] });
    expect(await store.getState().openProject('p', 'take over')).toBe(true);
    expect(store.getState()).toMatchObject({ openElsewhere: null, readOnly: false, project: 'p' });
  });

  it('that a reload cannot open is said once, not after every reload', async () => {
    remembered.set('carrara.project', 'p');
    engine.openProject.mockRejectedValueOnce(new Error('The browser has cleared m.onnx.'));
    const store = page();
    await store.getState().openTabsProject();
    expect(store.getState().notices).toHaveLength(1);
    const again = page();
    await again.getState().openTabsProject();
    expect(again.getState()).toMatchObject({ model: null, notices: [], reopening: false });
  });

  it('that cannot be opened leaves what is open, and says why', async () => {
    const store = page();
    await store.getState().openProject('p');
    engine.openProject.mockRejectedValueOnce(new Error('The browser has cleared m.onnx.'));
    expect(await store.getState().openProject('q')).toBe(false);
    expect(store.getState().project).toBe('p');
    expect(store.getState().notices).toMatchObject([{ tone: 'error', text: 'The browser has cleared m.onnx.' }]);
  });

  it('shows its finished runs, and offers the one that was interrupted', async () => {
    const store = page();
    store.setState({ ...openedState({ report: model }), project: 'p' });
    const interrupted = { run: 2, recipe: { version: 1 }, stacks: new Map(), done: 7, total: 12 };
    store.setState({ interrupted });
    store.getState().keepNow();
    engine.openProject.mockImplementation(async (id: string) =>
      opened(id, { runs: [{ run: 1 }], lastRun: 1, lost: [1] }),
    );
    const again = page();
    await again.getState().openTabsProject();
    expect(again.getState()).toMatchObject({ currentRun: 1, lastRun: 1, lostRuns: new Set([1]), interrupted });
    // It had finished before the page could say so.
    engine.openProject.mockImplementation(async (id: string) =>
      opened(id, { runs: [{ run: 1 }, { run: 2 }], lastRun: 2 }),
    );
    await again.getState().openProject('p');
    expect(again.getState()).toMatchObject({ currentRun: 2, interrupted: null });
  });

  it('is kept once the engine says so; why it is not is said once', async () => {
    const store = page();
    await store.getState().openProject('p');
    const { keepingChanged } = store.getState();
    const keeping = { project: 'p', done: 0, total: 0 };
    keepingChanged({ ...keeping, state: 'copying' });
    expect(isKept(store.getState())).toBe(false);
    keepingChanged({ ...keeping, state: 'kept' });
    expect(isKept(store.getState())).toBe(true);
    for (let time = 0; time < 2; time++)
      keepingChanged({ ...keeping, state: 'partly', note: 'The disk is full, so nothing is kept.' });
    expect(isKept(store.getState())).toBe(false);
    expect(store.getState().notices.map(({ text }) => text)).toEqual(['The disk is full, so nothing is kept.']);
  });

  it('that another tab has taken over is only read from then on', async () => {
    const store = page();
    await store.getState().openProject('p');
    const { keepingChanged } = store.getState();
    keepingChanged({ project: 'p', state: 'kept', done: 0, total: 0 });
    keepingChanged({ project: undefined, state: 'none', note: 'Another tab has taken it over.', done: 0, total: 0 });
    expect(store.getState()).toMatchObject({ readOnly: true, project: 'p' });
    store.setState({ filter: 'x' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(kept.size).toBe(0);
  });
});
