import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { PRIORITY } from '../../engine/project/queue';
import { isBusy, isRunning, jobSlice, shownJob } from './jobs';
import { noticeSlice } from './notices';
import type { JobCall } from './types/jobs';
import type { Studio } from './types/studio';

const engine = vi.hoisted(() => ({ cancel: vi.fn() }));
vi.mock('../engine', () => ({
  engine,
  isCancelled: (error: unknown) => error instanceof Error && error.name === 'AbortError',
}));

const restart = vi.fn();
const stopNow = vi.fn();

const studio = () =>
  createStore<Studio>()(
    (set, get) =>
      ({
        ...jobSlice(set, get),
        ...noticeSlice(set, get),
        runs: [],
        restarting: false,
        spectraPaused: false,
        restart,
        stopNow,
      }) as unknown as Studio,
  );

/** A call that the test ends; it rejects when it is stopped, as the engine's calls do. */
function controlled<T>() {
  const turns: { readonly job: Parameters<JobCall<T>>[0]; resolve(value: T): void; reject(error: unknown): void }[] =
    [];
  const call: JobCall<T> = (job, signal) =>
    new Promise((resolve, reject) => {
      turns.push({ job, resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { call, turns };
}

const background = (call: JobCall<string>, kind: 'spectra' | 'preview' = 'spectra') =>
  ({ kind, label: kind, priority: PRIORITY.background, yieldsTo: PRIORITY.foreground, call }) as const;
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  vi.clearAllMocks();
  engine.cancel.mockResolvedValue(undefined);
});

describe('background work', () => {
  it('is paused in the engine while the user waits for a job, and runs again afterwards', async () => {
    const store = studio();
    const [spectra, compress] = [controlled<string>(), controlled<string>()];
    const measured = store.getState().enqueue(background(spectra.call));
    expect(isBusy(store.getState())).toBe(false);
    const run = store.getState().runJob('compress', 'Compressing', compress.call);
    await later();
    expect(engine.cancel.mock.calls).toEqual([[spectra.turns[0]!.job.id]]);
    expect(isRunning('compress')(store.getState())).toBe(true);
    expect(isRunning('spectra')(store.getState())).toBe(false);
    expect(compress.turns).toHaveLength(1);
    compress.turns[0]!.resolve('run');
    expect(await run).toBe('run');
    await later();
    expect(spectra.turns).toHaveLength(2);
    // The engine must not take a late cancellation of the first turn for one of the second.
    expect(spectra.turns[1]!.job.id).not.toBe(spectra.turns[0]!.job.id);
    spectra.turns[1]!.resolve('spectrum');
    expect(await measured).toBe('spectrum');
  });

  it('does not run beside a job of the user, and an action of several jobs comes first', async () => {
    const store = studio();
    const [compress, evaluate, spectra] = [controlled<string>(), controlled<string>(), controlled<string>()];
    const action = store
      .getState()
      .runJob('compress', 'Compressing', compress.call)
      .then(() => store.getState().runJob('evaluate', 'Comparing', evaluate.call));
    void store.getState().enqueue(background(spectra.call));
    compress.turns[0]!.resolve('');
    await later();
    expect(evaluate.turns).toHaveLength(1);
    expect(spectra.turns).toHaveLength(0);
    evaluate.turns[0]!.resolve('');
    await action;
    await later();
    expect(spectra.turns).toHaveLength(1);
  });
});

describe('a job of the user', () => {
  it('that fails leaves a notice and answers undefined', async () => {
    const store = studio();
    const failing = store.getState().runJob('open', 'Opening', () => Promise.reject(new Error('It is no model.')));
    expect(await failing).toBeUndefined();
    expect(store.getState().notices).toMatchObject([{ tone: 'error', text: 'It is no model.' }]);
    expect(isBusy(store.getState())).toBe(false);
    expect(restart).not.toHaveBeenCalled();
  });

  it('that broke the runtime has the engine started again', async () => {
    const broken = Object.assign(new Error('There is not enough memory.'), { name: 'BrokenRuntimeError' });
    await studio()
      .getState()
      .runJob('evaluate', 'Comparing', () => Promise.reject(broken));
    expect(restart).toHaveBeenCalledOnce();
  });

  it('that succeeds clears earlier errors, but not those it caused', async () => {
    const store = studio();
    store.getState().notify('error', 'before');
    await store.getState().runJob('data', 'Reading', async () => store.getState().notify('error', 'meanwhile'));
    expect(store.getState().notices.map(({ text, past }) => [text, past])).toEqual([
      ['before', true],
      ['meanwhile', undefined],
    ]);
  });

  it('refuses a second one with a notice that names the first', async () => {
    const store = studio();
    const first = controlled<string>();
    const run = store.getState().runJob('compress', 'Compressing', first.call);
    const second = vi.fn();
    expect(await store.getState().runJob('open', 'Opening', second)).toBeUndefined();
    expect(second).not.toHaveBeenCalled();
    expect(store.getState().notices[0]!.text).toBe('Compressing is still running: wait for it, or cancel it first.');
    first.turns[0]!.resolve('run');
    expect(await run).toBe('run');
  });

  it('does not follow another one while the engine is restarted', async () => {
    const store = studio();
    store.setState({ restarting: true });
    const call = vi.fn();
    expect(await store.getState().runJob('evaluate', 'Comparing', call)).toBeUndefined();
    expect(call).not.toHaveBeenCalled();
  });

  it('shows its progress, with the time left only where the engine knows it', async () => {
    const store = studio();
    const compress = controlled<string>();
    void store.getState().runJob('compress', 'Compressing', compress.call);
    const { job } = compress.turns[0]!;
    job.onProgress!({ done: 1, total: 4, label: 'fc1' });
    expect(shownJob(store.getState())).toMatchObject({ progress: { done: 1, total: 4, label: 'fc1' } });
    expect(shownJob(store.getState())!.progress).not.toHaveProperty('secondsLeft');
  });
});

describe('cancelling', () => {
  it('stops the shown job in the engine, without a notice', async () => {
    const store = studio();
    const compress = controlled<string>();
    const run = store.getState().runJob('compress', 'Compressing', compress.call);
    store.getState().cancel();
    expect(engine.cancel).toHaveBeenCalledWith(compress.turns[0]!.job.id);
    expect(await run).toBeUndefined();
    expect(store.getState().notices).toEqual([]);
  });

  it('of spectra pauses the measuring', async () => {
    const store = studio();
    const spectra = controlled<string>();
    const measured = store.getState().enqueue(background(spectra.call));
    store.getState().cancel();
    await expect(measured).rejects.toMatchObject({ name: 'AbortError' });
    expect(store.getState().spectraPaused).toBe(true);
  });

  it('does nothing to a job that cannot be stopped halfway', () => {
    const store = studio();
    void store.getState().runJob('start', 'Starting', controlled<string>().call);
    store.getState().cancel();
    expect(shownJob(store.getState())!.status).toBe('running');
  });

  it('replaces an engine that does not stop', async () => {
    vi.useFakeTimers();
    const store = studio();
    void store.getState().runJob('compress', 'Compressing', () => new Promise(() => undefined));
    store.getState().cancel();
    await vi.advanceTimersByTimeAsync(6000);
    expect(stopNow).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });

  it('of all jobs leaves none', async () => {
    const store = studio();
    const jobs = [
      store.getState().runJob('compress', 'Compressing', controlled<string>().call),
      store
        .getState()
        .enqueue(background(controlled<string>().call))
        .catch(() => 'cancelled'),
    ];
    await store.getState().endJobs();
    expect(store.getState().jobs).toEqual([]);
    expect(await Promise.all(jobs)).toEqual([undefined, 'cancelled']);
  });
});
