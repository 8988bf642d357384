import { engine, replaceEngine, whenEngineDies } from '../engine';
import { startEngine } from './engineSlice';
import { nameOf, shownJob } from './jobs';
import { openAgain } from './openAgain';
import type { RestartSlice } from './types/engine';
import type { JobKind } from './types/jobs';
import type { SetStudio, Slice, Studio } from './types/studio';

/**
 * How long the worker may leave the page without any answer. It answers between the steps of its work, but not while
 * WebAssembly runs: making a session of a large model is one step, reading a file is many.
 */
const SILENCE_MS = 120_000;
const SILENCE_WITH_SESSION_MS = 300_000;
const LOOK_MS = 1000;

const WITHOUT_SESSION: ReadonlySet<JobKind> = new Set(['start', 'open', 'data', 'recipe']);

/** Replaces the engine's worker where it hangs or has died, and opens again what was open. */
export const restartSlice: Slice<RestartSlice> = (set, get) => {
  whenEngineDies((message) => {
    // An engine that has never started would only die again.
    if (get().engine) void get().restart(`The engine stopped${message ? ` (${message})` : ''} and was started again.`);
  });
  if (typeof window !== 'undefined') watchSilence(get);
  return {
    restarting: false,
    restart: (why) => restartEngine(set, get, why),
    async stopNow() {
      const job = shownJob(get());
      if (job) await get().restart(`“${nameOf(job)}” was stopped, and the engine was started again.`);
    },
  };
};

function watchSilence(get: () => Studio): void {
  let asked = false;
  let silent = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    // A computer that slept, or a page in the background, has not waited all that time.
    const passed = Math.min(now - last, 2 * LOOK_MS);
    last = now;
    const shown = shownJob(get());
    if (!shown || get().restarting) {
      silent = 0;
      return;
    }
    if (!asked) {
      asked = true;
      silent = 0;
      const answered = () => {
        asked = false;
        silent = 0;
      };
      engine.ping().then(answered, answered);
      return;
    }
    silent += passed;
    const limit = WITHOUT_SESSION.has(shown.kind) ? SILENCE_MS : SILENCE_WITH_SESSION_MS;
    if (silent < limit) return;
    silent = 0;
    const minutes = Math.round(limit / 60_000);
    void get().restart(
      `“${nameOf(shown)}” gave no sign for ${minutes} minutes, so it was stopped and the engine was started again.`,
    );
  }, LOOK_MS);
}

/** Ends the worker, begins a new one and opens again what was open, with all that the page knows of it. */
async function restartEngine(set: SetStudio, get: () => Studio, why: string): Promise<void> {
  if (get().restarting) return;
  get().keepNow();
  set({ restarting: true });
  replaceEngine();
  // Jobs under way end as if they had been cancelled.
  await get().endJobs();
  const { model, preferred } = get();
  const isReady = await get().runJob('start', 'Starting the engine again', async (job) => {
    set({ engine: await startEngine(get, preferred) });
    if (model) {
      const { lost, ...opened } = await openAgain(get(), job, (text) => get().notify('warning', text));
      set({ ...opened, lostRuns: new Set(lost) });
    }
    return true;
  });
  set({ restarting: false });
  // What the page gave to the engine before was maybe not kept.
  if (isReady) get().keepSoon();
  if (!isReady) {
    get().notify('error', `${why} It could not be made ready again: reload the page.`);
    return;
  }
  const opened = model ? ` ${model.name} is open again.` : '';
  const lost =
    get().lostRuns.size > 0 ? ' Runs keep their figures; exporting or comparing one compresses it again first.' : '';
  get().notify('warning', why + opened + lost);
  void get().proposeWhereNone();
  void get().measureSpectra();
}
