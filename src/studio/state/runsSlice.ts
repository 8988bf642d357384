import { type EvaluateReport, GPU_ERROR, type Job, type RunReport } from '../../engine/page/light';
import { AIM_WORDS, aimOf, isWrittenOtherwise } from '../aims';
import { callback, engine } from '../engine';
import { sentence } from './jobs';
import { currentRecipe, stackOf } from './recipe';
import type { EngineSlice } from './types/engine';
import type { RunsSlice } from './types/runs';
import type { Stack } from './types/stacks';
import type { Slice, Studio } from './types/studio';

/** Enough samples to see that a provider computes the same. A software adapter would take hours for thousands. */
export const SOFTWARE_SAMPLES = 64;

/** Whether Compare would run on a software WebGPU adapter. */
export const onSoftware = ({ engine: report, provider }: Pick<EngineSlice, 'engine' | 'provider'>): boolean =>
  provider === 'webgpu' && report?.softwareWebgpu === true;

/** How many samples are compared at most: as many as the user chose, and few on a software adapter. Undefined: all. */
export function sampleLimit(state: Pick<Studio, 'engine' | 'provider' | 'comparing'>): number | undefined {
  const { samples } = state.comparing;
  return onSoftware(state) ? Math.min(SOFTWARE_SAMPLES, samples ?? SOFTWARE_SAMPLES) : samples;
}

export const runsSlice: Slice<RunsSlice> = (set, get) => {
  /** Resolves when the recipe of the run that was chosen last is in the workbench. */
  let shown: Promise<unknown> = Promise.resolve();

  /** Compresses on the chosen backend. Where that is a GPU that keeps failing, on the CPU, with a notice. */
  async function compressAnywhere(recipe: unknown, job: Job, run?: number): Promise<RunReport> {
    try {
      return await engine.compress(recipe, job, { run });
    } catch (error) {
      if (!(error instanceof Error && error.name === GPU_ERROR)) throw error;
      set({ engine: await engine.start('cpu') });
      get().notify(
        'warning',
        `${sentence(error).replace(/; .*$/, '')}: the CPU compresses from the beginning instead.`,
      );
      return engine.compress(recipe, job, { run });
    }
  }

  /** Compresses a run again whose compressed model is gone. Resolves to false (with a notice) where that fails. */
  async function isThere(run: number): Promise<boolean> {
    const report = get().runs.find((candidate) => candidate.run === run);
    if (!report || !get().lostRuns.has(run)) return true;
    const again = await get().runJob('compress', `Compressing run ${run} again`, (job) =>
      compressAnywhere(report.recipe, job, run),
    );
    if (!again) return false;
    const { exports, lostRuns, runs } = get();
    const { evaluation: _, evaluatedFor: __, ...unmeasured } = report;
    const { result } = again;
    // With other data open the result is another model: the figures and the export do not belong to it.
    const isSame = JSON.stringify(result.calibration) === JSON.stringify(report.result.calibration);
    set({
      lostRuns: new Set([...lostRuns].filter((lost) => lost !== run)),
      runs: runs.map((each) => (each.run === run ? { ...(isSame ? each : unmeasured), result } : each)),
      ...(!isSame && { exports: without(exports, run) }),
    });
    return true;
  }
  /** Compresses by the recipe and evaluates the result. `ran`: the stacks that it gives to its layers. */
  async function runRecipe(recipe: unknown, ran: ReadonlyMap<string, Stack>): Promise<void> {
    let isStarted = false;
    let isAtWork = true;
    const run = await get().runJob('compress', 'Compressing', (job) => {
      isStarted = true;
      const atWork = { run: get().lastRun + 1, recipe, stacks: ran };
      set({ interrupted: { ...atWork, done: 0, total: 0 } });
      return compressAnywhere(recipe, {
        ...job,
        onProgress(progress) {
          job.onProgress?.(progress);
          // Progress comes by another port than the answer, maybe after it.
          if (isAtWork) set({ interrupted: { ...atWork, done: Math.floor(progress.done), total: progress.total } });
        },
      });
    });
    isAtWork = false;
    // It has finished, failed or was cancelled. Only a run that ended with its engine is offered again.
    if (isStarted && !get().restarting) set({ interrupted: null });
    if (!run) return;
    const { gpuFailures } = run.result;
    if (gpuFailures)
      get().notify(
        'warning',
        `The GPU failed during run ${run.run}, so the layer that it was working on was compressed again.`,
      );
    set({
      runs: [...get().runs, run],
      ranStacks: new Map([...get().ranStacks, [run.run, ran]]),
      lastRun: run.run,
      currentRun: run.run,
    });
    await get().evaluate(run.run);
  }

  return {
    runs: [],
    ranStacks: new Map(),
    lastRun: 0,
    currentRun: null,
    lostRuns: new Set(),
    interrupted: null,
    exports: new Map(),
    async compress() {
      const recipe = currentRecipe(get());
      if (!recipe) return;
      const { included, stacks } = get();
      await runRecipe(recipe, new Map([...included].map((id) => [id, stackOf(stacks, id)])));
    },
    async continueRun() {
      const { interrupted } = get();
      if (interrupted) await runRecipe(interrupted.recipe, interrupted.stacks);
    },
    dropInterrupted() {
      set({ interrupted: null });
    },
    async evaluate(run) {
      if (!(await isThere(run))) return;
      const { provider, comparing } = get();
      const show = (evaluation: EvaluateReport) =>
        set({
          runs: get().runs.map((report) =>
            report.run === run ? { ...report, evaluation, evaluatedFor: aimOf(report.recipe) } : report,
          ),
        });
      let isDone = false;
      // Accuracy is shown while latency is measured. It comes by another port than the answer, maybe after it.
      const onCompared = callback((evaluation: EvaluateReport) => {
        if (!isDone) show(evaluation);
      });
      const settings = { ...comparing, samples: sampleLimit(get()) };
      const evaluation = await get().runJob('evaluate', 'Comparing', (job) =>
        engine.evaluate(run, provider, job, settings, onCompared),
      );
      isDone = true;
      if (evaluation) show(evaluation);
    },
    async showRun(run) {
      const report = get().runs.find((candidate) => candidate.run === run);
      if (!report) return;
      set({ currentRun: run });
      shown = get().applyRecipe(report.recipe);
      await shown;
    },
    async forgetRun(run) {
      await engine.forgetRun(run).catch(() => undefined);
      const runs = get().runs.filter((report) => report.run !== run);
      const { exports, ranStacks } = get();
      set({
        runs,
        exports: without(exports, run),
        ranStacks: without(ranStacks, run),
        ...(get().currentRun === run && { currentRun: runs.at(-1)?.run ?? null }),
      });
    },
    async writeAsChosen(run) {
      // Choosing a run brings its aim along; that is no choice of another aim.
      await shown;
      const { settings, lostRuns } = get();
      const report = get().runs.find((candidate) => candidate.run === run);
      if (!report || !isWrittenOtherwise(report.recipe, settings)) return true;
      // It is compressed again when it is compared or exported.
      if (lostRuns.has(run)) return false;
      const written = await get().runJob(
        'write',
        `Writing run ${run} ${AIM_WORDS[settings.export?.aim ?? 'speed']}`,
        (job) => engine.writeFor(run, settings.export, job),
      );
      if (!written) return false;
      const { recipe, result } = written;
      set({
        runs: get().runs.map((each) => (each.run === run ? { ...each, recipe, result } : each)),
        exports: without(get().exports, run),
      });
      return true;
    },
    async exportRun(run) {
      if (!(await isThere(run)) || !(await get().writeAsChosen(run))) return undefined;
      const report = await get().runJob('export', 'Exporting', (job) => engine.exportRun(run, job));
      if (report) set({ exports: new Map([...get().exports, [run, report]]) });
      return report;
    },
  };
};

const without = <T>(map: ReadonlyMap<number, T>, run: number): ReadonlyMap<number, T> =>
  new Map([...map].filter(([number]) => number !== run));
