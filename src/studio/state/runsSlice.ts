import { engine } from '../engine';
import { runJob } from './jobs';
import { currentRecipe } from './recipe';
import type { RunsSlice, Slice } from './types';

export const runsSlice: Slice<RunsSlice> = (set, get) => ({
  runs: [],
  currentRun: null,
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
    const evaluation = await runJob(set, get, 'evaluate', 'Comparing', (job) => engine.evaluate(run, provider, job));
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
    set({ runs, ...(get().currentRun === run && { currentRun: runs.at(-1)?.run ?? null }) });
  },
  exportRun: (run) => runJob(set, get, 'export', 'Exporting', (job) => engine.exportRun(run, job)),
});
