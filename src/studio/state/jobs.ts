import { BROKEN_RUNTIME } from '../../engine/core/errors';
import type { Job } from '../../worker/protocol';
import { engine, isCancelled, newJob } from '../engine';
import { gone, latest, newest } from './notices';
import type { JobKind, JobSlice } from './types/jobs';
import type { NoticeSlice } from './types/notices';
import type { SetStudio, Slice, Studio } from './types/studio';

/** The others are short, or leave nothing to go back to. */
export const CANCELLABLE: ReadonlySet<JobKind> = new Set([
  'open',
  'compress',
  'evaluate',
  'write',
  'export',
  'lesson',
  'spectra',
  'preview',
  'methods',
]);

/** What stops the page's own part of a job: the wait for the engine, a download. */
const controllers = new Map<string, AbortController>();

export const jobSlice: Slice<JobSlice> = (set, get) => ({
  job: null,
  background: null,
  async cancel() {
    const { job, background, previewing } = get();
    if (job) {
      if (!CANCELLABLE.has(job.kind) || job.cancelling) return;
      set({ job: { ...job, cancelling: true } });
      controllers.get(job.id)?.abort();
      askToStop(get, job.id);
    } else if (background) {
      set({ spectraPaused: true, background: { ...background, cancelling: true } });
      askToStop(get, background.id);
    } else if (previewing) {
      set({ previewing: { ...previewing, cancelling: true } });
      askToStop(get, previewing.id);
    }
  },
});

/** The worker hears it between two steps of its work; where it hangs in one, it is replaced after a while. */
function askToStop(get: () => Studio, id: string): void {
  engine.cancel(id).catch(() => undefined);
  const patience = get().runs.length > 0 ? PATIENCE_WITH_RUNS_MS : PATIENCE_MS;
  setTimeout(() => {
    const { job, background, previewing } = get();
    if ([job, background, previewing].some((each) => each?.id === id)) void get().stopNow();
  }, patience);
}

/** How long a cancelled call has to hear of it. Finished runs, which go with the worker, are worth more patience. */
const PATIENCE_MS = 5000;
const PATIENCE_WITH_RUNS_MS = 20_000;

let noticeCount = 0;

export const noticeSlice: Slice<NoticeSlice> = (set) => ({
  notices: [],
  notify(tone, text) {
    const id = ++noticeCount;
    // The same sentence twice is one notice: a repeated mistake must not fill the page.
    set(({ notices }) => ({
      notices: newest([...notices.filter((notice) => notice.text !== text), { id, tone, text }]),
    }));
  },
  dismiss(id) {
    set(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
  },
  goOn(last) {
    set(({ notices }) => ({ notices: gone(notices, last) }));
  },
});

/**
 * Runs the one long call that the user waits for, with its progress in `job`. A failure becomes a notice and resolves
 * to undefined, and so does a cancelled call, silently: the state is as it was. A success lets go of the errors before
 * it. What runs in the background makes way and goes on afterwards.
 */
export async function runJob<T>(
  set: SetStudio,
  get: () => Studio,
  kind: JobKind,
  label: string,
  call: (job: Job, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const running = get().job;
  if (running) {
    get().notify('warning', `${running.label} is still running: wait for it, or cancel it first.`);
    return undefined;
  }
  // What goes on from a call that ended with the engine has ended with it: the new one has nothing open yet.
  if (get().restarting && kind !== 'start') return undefined;
  const job = newJob((progress) =>
    // An estimate that can no longer be said goes.
    set(({ job: current }) =>
      current?.id === job.id ? { job: { ...current, secondsLeft: undefined, ...progress } } : {},
    ),
  );
  const controller = new AbortController();
  controllers.set(job.id, controller);
  set({ job: { id: job.id, kind, label, done: 0, total: 0, cancelling: false } });
  const { signal } = controller;
  const heard = latest(get());
  let broken = false;
  try {
    if (HEAVY.has(kind)) await makeWay(set, get);
    // Cancelled before the engine heard of it.
    signal.throwIfAborted();
    const answer = await call(job, signal);
    // A restart is no success of the user's: the error that made it necessary must stay in view.
    if (!get().restarting) get().goOn(heard);
    return answer;
  } catch (error) {
    if (!isCancelled(error)) get().notify('error', sentence(error));
    broken = isBrokenRuntime(error);
    return undefined;
  } finally {
    controllers.delete(job.id);
    set({ job: null });
    if (broken) void get().restart('The engine was started again, to have its memory back.');
    else void get().measureSpectra();
  }
}

/** Jobs that want the backend for themselves. */
const HEAVY: ReadonlySet<JobKind> = new Set(['start', 'open', 'methods', 'compress', 'evaluate', 'export', 'lesson']);
const LONGEST_WAIT_MS = 1000;

async function makeWay(set: SetStudio, get: () => Studio): Promise<void> {
  const { background, previewing } = get();
  // It is tried again afterwards.
  if (previewing) await engine.cancel(previewing.id);
  if (!background) return;
  set({ background: { ...background, cancelling: true } });
  await engine.cancel(background.id);
  // With a job under way this starts nothing: it is the promise of the measuring that is about to end. A kernel on a
  // slow adapter ends when it is done, and the user does not wait for that.
  await Promise.race([get().measureSpectra(), new Promise((resolve) => setTimeout(resolve, LONGEST_WAIT_MS))]);
}

/** WebAssembly that ran out of memory or gave up cannot be used again in the same worker. */
const isBrokenRuntime = (error: unknown): boolean => error instanceof Error && error.name === BROKEN_RUNTIME;

export function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim() || 'The engine failed without saying why: reload the page and try again.';
}
