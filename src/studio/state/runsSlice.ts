import { engine } from '../engine';
import { runJob } from './jobs';
import { currentRecipe } from './recipe';
import type { EngineSlice, RunsSlice, Slice } from './types';

/** Enough to see that a provider computes the same; thousands would take hours there. */
export const SOFTWARE_SAMPLES = 64;

/** Whether Compare would run on a WebGPU that is a CPU in disguise. */
export const onSoftware = ({ engine: report, provider }: Pick<EngineSlice, 'engine' | 'provider'>): boolean =>
  provider === 'webgpu' && report?.softwareWebgpu === true;

export const runsSlice: Slice<RunsSlice> = (set, get) => ({
  runs: [],
  currentRun: null,
  exports: new Map(),
  async compress() {
    const recipe = currentRecipe(get());
    if (!recipe) return;
    const run = await runJob(set, get, 'compress', 'Compressing', (job) => engine.compress(recipe, job));
    if (!run) return;
    set({ runs: [...get().runs, run], currentRun: run.run });
    await get().evaluate(run.run);
  },
  async evaluate(run) {
    const { provider } = get();
    const limit = onSoftware(get()) ? SOFTWARE_SAMPLES : undefined;
    const evaluation = await runJob(set, get, 'evaluate', 'Comparing', (job) =>
      engine.evaluate(run, provider, job, limit),
    );
    if (!evaluation) return;
    set({ runs: get().runs.map((report) => (report.run === run ? { ...report, evaluation } : report)) });
  },
  async showRun(run) {
    const report = get().runs.find((candidate) => candidate.run === run);
    if (!report) return;
    set({ currentRun: run });
    await get().applyRecipe(report.recipe);
  },
  async forgetRun(run) {
    await engine.forgetRun(run);
    const runs = get().runs.filter((report) => report.run !== run);
    const exports = new Map([...get().exports].filter(([number]) => number !== run));
    set({ runs, exports, ...(get().currentRun === run && { currentRun: runs.at(-1)?.run ?? null }) });
  },
  async exportRun(run) {
    const report = await runJob(set, get, 'export', 'Exporting', (job) => engine.exportRun(run, job));
    if (report) set({ exports: new Map([...get().exports, [run, report]]) });
    return report;
  },
});
