import { BROKEN_RUNTIME, JobQueue, PRIORITY } from '../../engine/page/light';
import { engine, isCancelled } from '../engine';
import { lastNoticeId } from './notices';
import type { JobKind, JobSlice, StudioJob } from './types/jobs';
import type { FilesSlice } from './types/model';
import type { Slice } from './types/studio';

/** The others are short, or cannot be stopped halfway. */
export const CANCELLABLE: ReadonlySet<JobKind> = new Set([
  'open',
  'compress',
  'evaluate',
  'original',
  'write',
  'export',
  'lesson',
  'spectra',
  'proposals',
  'sensitivity',
  'preview',
  'times',
  'methods',
  'search',
]);

/**
 * How long a cancelled job may take to stop before the engine is replaced. Where runs are not kept, their
 * compressed models are lost with the engine, so it waits longer where there are runs.
 */
const PATIENCE_MS = 5000;
const PATIENCE_WITH_RUNS_MS = 20_000;

type Jobs = Pick<JobSlice, 'jobs'>;

/** The job that the user waits for. */
export const userJob = ({ jobs }: Jobs): StudioJob | undefined =>
  jobs.find(({ priority }) => priority === PRIORITY.foreground);

/**
 * Whether the user waits for a job, or for files that are opened: no other job can be started meanwhile. A run that began
 * between two files would not use the second one.
 */
export const isBusy = (state: Jobs & Pick<FilesSlice, 'opening'>): boolean =>
  state.opening > 0 || userJob(state) !== undefined;

export const isRunning =
  (kind: JobKind) =>
  ({ jobs }: Jobs): boolean =>
    jobs.some((job) => job.kind === kind && job.status !== 'waiting');

/** The job that the status bar shows. */
export const shownJob = ({ jobs }: Jobs): StudioJob | undefined => jobs[0];

export const jobSlice: Slice<JobSlice> = (set, get) => {
  const queue = new JobQueue<JobKind>({ onChange: (jobs) => set({ jobs }) });
  let count = 0;
  return {
    jobs: [],
    enqueue({ call, ...request }) {
      const id = `job-${++count}`;
      let turn = 0;
      return queue.add({
        ...request,
        id,
        run: ({ signal, onProgress }) => {
          // A name of its own for every turn: a cancellation that arrives late must not stop the next one.
          const name = `${id}.${++turn}`;
          signal.addEventListener('abort', () => engine.cancel(name).catch(() => undefined));
          // The engine's estimate counts: where it gives none, none is known.
          const report = (progress: Parameters<typeof onProgress>[0]) =>
            onProgress({ ...progress, secondsLeft: progress.secondsLeft ?? 'unknown' });
          return call({ id: name, onProgress: report }, signal);
        },
      });
    },
    async runJob(kind, label, call) {
      const running = userJob(get());
      if (running) {
        get().notify('warning', `${running.label} is still running: wait for it, or cancel it first.`);
        return undefined;
      }
      // A call that ended with the engine must not be followed by others: nothing is open in the new engine yet.
      if (get().restarting && kind !== 'start') return undefined;
      const earlier = lastNoticeId(get());
      let isBroken = false;
      try {
        const answer = await get().enqueue({ kind, label, priority: PRIORITY.foreground, call });
        // A restart is not the user's success: the error that made it necessary must stay in view.
        if (!get().restarting) get().clearErrorsBefore(earlier);
        return answer;
      } catch (error) {
        if (!isCancelled(error)) get().notify('error', sentence(error));
        isBroken = isBrokenRuntime(error);
        return undefined;
      } finally {
        if (isBroken) void get().restart('The engine was started again, to have its memory back.');
      }
    },
    cancel() {
      const job = shownJob(get());
      if (!job || !CANCELLABLE.has(job.kind) || job.status === 'stopping') return;
      // Otherwise the next layer would follow.
      if (job.kind === 'spectra') set({ spectraPaused: true });
      queue.cancel(job.id);
      const patience = get().runs.length > 0 ? PATIENCE_WITH_RUNS_MS : PATIENCE_MS;
      setTimeout(() => {
        if (get().jobs.some(({ id }) => id === job.id)) void get().stopNow();
      }, patience);
    },
    async endJobs() {
      queue.cancelAll();
      await queue.idle();
    },
  };
};

/** What the job is doing now, for people. */
export const nameOf = ({ label, progress }: StudioJob): string => progress?.label || label;

/** WebAssembly that ran out of memory or gave up cannot be used again in the same worker. */
export const isBrokenRuntime = (error: unknown): boolean => error instanceof Error && error.name === BROKEN_RUNTIME;

export function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim() || 'The engine failed without saying why: reload the page and try again.';
}
