import type { Job } from '../../engine/page/light';
import { engine, replaceEngine, whenEngineDies } from '../engine';
import { nameOf, shownJob } from './jobs';
import { listed } from './opening';
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
    // Before the engine has started once, it would only die again.
    if (get().engine) void get().restart(`The engine stopped${message ? ` (${message})` : ''} and was started again.`);
  });
  if (typeof window !== 'undefined') watchSilence(get);
  return {
    restarting: false,
    lostRuns: new Set(),
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
      const heard = () => {
        asked = false;
        silent = 0;
      };
      engine.ping().then(heard, heard);
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

/**
 * Ends the worker and begins a new one with the same model and data open. Finished runs keep their figures, but what they
 * compressed was the worker's: they are compressed again when they are exported or compared. `why` is a whole sentence.
 */
async function restartEngine(set: SetStudio, get: () => Studio, why: string): Promise<void> {
  if (get().restarting) return;
  const allRuns = () => new Set(get().runs.map(({ run }) => run));
  set({ restarting: true, lostRuns: allRuns() });
  replaceEngine();
  // What was under way ends as if it had been cancelled.
  await get().endJobs();
  const { model, sources, runs, preferred } = get();
  const again = await get().runJob('start', 'Starting the engine again', async (job) => {
    const report = await engine.start(preferred);
    set({ engine: report });
    if (!model || !sources) return 'nothing was open';
    await engine.open(sources.model, job, Math.max(0, ...runs.map(({ run }) => run), get().lastRun));
    await openDataAgain(set, get, sources, job);
    return 'open again';
  });
  set({ restarting: false, lostRuns: allRuns() });
  if (again === undefined) {
    get().notify('error', `${why} It could not be made ready again: reload the page.`);
    return;
  }
  const kept = again === 'open again' && model ? ` ${model.name} is open again.` : '';
  const lost = runs.length > 0 ? ' Runs keep their figures; exporting or comparing one compresses it again first.' : '';
  get().notify('warning', why + kept + lost);
  void get().measureSpectra();
}

/** A file that was changed or removed since it was opened cannot be read again: it is named where it is missed. */
async function openDataAgain(set: SetStudio, get: () => Studio, sources: NonNullable<Studio['sources']>, job: Job) {
  if (sources.data.length === 0) return;
  let data: Studio['data'] = null;
  const opened: File[] = [];
  for (const file of sources.data) {
    try {
      data = await engine.openData(file, job);
      opened.push(file);
    } catch (error) {
      if (!(error instanceof Error && UNREADABLE.has(error.name))) throw error;
    }
  }
  const lost = new Set(sources.data.filter((file) => !opened.includes(file)).map(({ name }) => name));
  // Those that later ones had replaced are not missed.
  const isMissed = JSON.stringify(data) !== JSON.stringify(get().data);
  set({ data, sources: { ...sources, data: opened } });
  if (isMissed) get().notify('warning', `${listed([...lost])} cannot be read again: open the data once more.`);
}

const UNREADABLE: ReadonlySet<string> = new Set(['NotReadableError', 'NotFoundError']);
