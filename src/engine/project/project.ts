import type { Backend } from '../backend/backend';
import { withRecovery } from '../backend/recovery';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { evaluate } from '../evaluation/evaluate';
import { OutputCache } from '../evaluation/outputCache';
import { dataFileNoun } from '../formats/formats';
import { isSoftwareOnly } from '../gpu/device';
import type { TuningStore } from '../gpu/tuning';
import { Factorisations } from '../methods/factorisations';
import { inspect } from '../model/inspect';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import { sessionModelOf } from '../model/write';
import { weightOf } from '../operators/weight';
import type { Compressed } from '../recipe/finishedRun';
import { spectrumOf } from '../recipe/spectra';
import type { Provider, Runtime, Session } from '../runtime';
import { type ChosenBackend, chooseBackend } from './backends';
import type {
  Engine,
  ExportSettings,
  LayerSpectrum,
  MatrixPicture,
  ModelReport,
  PreviewSetting,
  RunReport,
  StackStep,
} from './engine';
import { exportRun } from './exporting';
import { Jobs } from './jobs';
import { reportOf } from './layerReports';
import { readFiles } from './modelFiles';
import { OpenData } from './openData';
import { OriginalSession } from './originalSession';
import { factorPicture, weightPicture } from './pictures';

const recipes = () => import('./recipes');

/** What is open: replaced as a whole, and only when the new model has been read. */
interface Opened {
  readonly model: Model;
  readonly report: ModelReport;
  readonly layers: ReadonlyMap<string, Layer>;
  readonly runs: Map<number, Compressed & { readonly recipe: unknown }>;
  readonly originalOutputs: OutputCache;
  readonly data: OpenData;
  readonly original: OriginalSession;
  /** Forgotten runs keep their numbers: a file that was exported stays the only one of its name. */
  lastRun: number;
}

export interface ProjectOptions {
  /** Keeps the fastest variants of the GPU's kernels from one start to the next. */
  readonly tuning?: TuningStore;
}

/** One open model with its data and its runs, one backend, one runtime: all that page, command line and tests need. */
export class Project implements Engine {
  readonly #jobs = new Jobs();
  readonly #runtime: Runtime;
  #chosen: ChosenBackend | undefined;
  #factorisations: Factorisations | undefined;
  #opened: Opened | undefined;

  constructor(
    runtime: Runtime,
    private readonly options: ProjectOptions = {},
  ) {
    this.#runtime = runtime;
  }

  async start(preferred?: 'gpu' | 'cpu') {
    const chosen = await chooseBackend(this.#runtime, preferred, navigator.gpu, this.options.tuning);
    this.#chosen?.backend.dispose();
    this.#chosen = chosen;
    this.#factorisations = new Factorisations(chosen.backend);
    const { providers, name } = this.#runtime;
    const softwareWebgpu = providers.includes('webgpu') && (await isSoftwareOnly(navigator.gpu));
    return { backend: chosen.report, providers, softwareWebgpu, runtime: name };
  }

  async ping() {}

  check(files: readonly File[], job: { id: string }) {
    return this.#jobs.run(job, async ({ signal }) => {
      inspect(await readFiles(files));
      signal?.throwIfAborted();
    });
  }

  open(files: readonly File[], job: { id: string }, lastRun = 0) {
    return this.#jobs.run(job, async ({ signal }) => {
      const model = await readFiles(files);
      // Reading has no steps: cancelled meanwhile, what was open stays open.
      signal?.throwIfAborted();
      const { report, layers } = reportOf(model);
      await this.#opened?.original.release();
      this.#factorisations = new Factorisations(this.#backend);
      this.#opened = {
        model,
        report,
        layers,
        runs: new Map(),
        lastRun,
        originalOutputs: new OutputCache(),
        original: new OriginalSession((provider, call) => this.#compared(model, provider, call)),
        data: new OpenData(model, (other) => this.#session(other, 'wasm', {})),
      };
      return report;
    });
  }

  spectra(ids: readonly string[], onSpectrum: (spectrum: LayerSpectrum) => void, job: { id: string }) {
    return this.#jobs.run(job, async (call) => {
      const { model } = this.#open;
      for (const [done, id] of ids.entries()) {
        const layer = this.#layer(id);
        call.onProgress?.({ done, total: ids.length, label: layer.name });
        onSpectrum(await spectrumOf(id, weightOf(model, layer), this.#factors, { signal: call.signal }));
      }
    });
  }

  async openData(file: File) {
    const { data } = this.#open;
    await data.addFile(file);
    return data.report();
  }

  async clearData() {
    const { data } = this.#open;
    data.clear();
    return data.report();
  }

  async checkRecipe(recipe: unknown) {
    const { selectedSteps } = await recipes();
    return selectedSteps(recipe, [...this.#open.layers.values()]);
  }

  preview(id: string, steps: readonly StackStep[], setting: PreviewSetting, job: { id: string }) {
    return this.#jobs.run(job, async (call) => {
      const { checkRecipe, needsData, previewStack } = await recipes();
      const opened = this.#open;
      const { peers, seed } = setting;
      const everywhere = steps.map((step) => ({ ...step, layers: '*' }));
      const recipe = checkRecipe({ version: 1, ...(seed !== undefined && { seed }), steps: everywhere }, 'The stack');
      const share = needsData(recipe) ? await opened.data.share() : undefined;
      const [layer, calibration] = [this.#layer(id), share?.calibration];
      return withRecovery(this.#backend, () =>
        previewStack(opened.model, layer, recipe.steps, {
          ...call,
          factorisations: this.#factors,
          calibration,
          peers,
          seed: recipe.seed,
        }),
      );
    });
  }

  equalBytes(ids: readonly string[], sizes: readonly number[], job: { id: string }) {
    return this.#jobs.run(job, async (call) => {
      const { compareAtEqualBytes } = await recipes();
      const opened = this.#open;
      // A single sample can't be split: then weights alone are compared.
      const share = opened.data.dataset.samples > 1 ? await opened.data.share() : undefined;
      const calibration = share?.calibration;
      return compareAtEqualBytes(opened.model, ids, sizes, { ...call, factorisations: this.#factors, calibration });
    });
  }

  compress(recipe: unknown, job: { id: string }, again?: number): Promise<RunReport> {
    return this.#jobs.run(job, async (call) => {
      const { checkRecipe, compress, compressedName, needsData } = await recipes();
      const opened = this.#open;
      const run = again ?? opened.lastRun + 1;
      const checked = checkRecipe(recipe);
      const share = needsData(checked) ? await opened.data.share() : undefined;
      const compressed = await compress(opened.model, checked, {
        ...call,
        factorisations: this.#factors,
        fileName: compressedName(opened.model.name, run),
        remedy: `open ${dataFileNoun()} at the step or at "data" above`,
        ...(share && { calibration: share.calibration }),
        trial: {
          dataset: () => share?.calibration.dataset ?? opened.data.runnable(this.#runtime, call),
          open: (cut) => this.#session(cut, 'wasm', call),
        },
      });
      opened.lastRun = Math.max(opened.lastRun, run);
      opened.runs.set(run, { ...compressed, recipe });
      return { run, recipe, result: compressed.report };
    });
  }

  evaluate(run: number, provider: Provider, job: { id: string }, limit?: number) {
    return this.#jobs.run(job, async (call) => {
      const opened = this.#open;
      const { model, report } = this.#run(run);
      const compressed = await this.#compared(model, provider, call);
      try {
        const original = await opened.original.on(provider, call);
        const { originalOutputs } = opened;
        const all = await opened.data.runnable(this.#runtime, call, (feeds) => original.run(feeds));
        const share = report.calibration && all.samples > 1 ? await opened.data.share() : undefined;
        const dataset = opened.data.some(share?.evaluationOf(report) ?? all, limit);
        const { random } = opened.data;
        return await evaluate(original, compressed, dataset, { ...call, provider, originalOutputs, random });
      } finally {
        await compressed.release();
      }
    });
  }

  writeFor(run: number, chosen: ExportSettings | undefined, job: { id: string }): Promise<RunReport> {
    return this.#jobs.run(job, async (call) => {
      const { checkRecipe } = await recipes();
      const { runs } = this.#open;
      const before = this.#run(run);
      const { export: _, ...steps } = before.recipe as object & { export?: unknown };
      const recipe = { ...steps, ...(chosen && { export: chosen }) };
      const compressed = await before.writtenFor(checkRecipe(recipe).export, call);
      runs.set(run, { ...compressed, recipe });
      return { run, recipe, result: compressed.report };
    });
  }

  exportRun(run: number, job: { id: string }) {
    return this.#jobs.run(job, async (call) => {
      const { model, data } = this.#open;
      return exportRun(this.#run(run), model, {
        ...call,
        runtime: this.#runtime,
        data: data.given,
      });
    });
  }

  async forgetRun(run: number) {
    this.#open.runs.delete(run);
  }

  factorPicture(picture: MatrixPicture, job: { id: string }) {
    return this.#jobs.run(job, (call) => factorPicture(this.#backend, picture, call));
  }

  async weightPicture(id: string) {
    return weightPicture(this.#open.model, this.#layer(id));
  }

  async cancel(job: string) {
    this.#jobs.cancel(job);
  }

  get #backend(): Backend {
    if (!this.#chosen) throw new Error('The engine has not been started.');
    return this.#chosen.backend;
  }

  get #factors(): Factorisations {
    return this.#factorisations!;
  }

  get #open(): Opened {
    if (!this.#opened) throw new UserError('No model is open: drop an .onnx file, or open a sample.');
    return this.#opened;
  }

  #layer(id: string): Layer {
    const layer = this.#open.layers.get(id);
    if (!layer?.compressible) throw new UserError(`Layer ${id} cannot be factorised.`);
    return layer;
  }

  #run(run: number) {
    const found = this.#open.runs.get(run);
    if (!found) throw new UserError(`Run ${run} is no longer there: compress again.`);
    return found;
  }

  async #session(model: Model, provider: Provider, call: LongCall): Promise<Session> {
    const opened = await sessionModelOf(model, this.#runtime.externalData, { signal: call.signal });
    call.signal?.throwIfAborted();
    return this.#runtime.open(opened, provider);
  }

  /** For a comparison: not as the file is loaded elsewhere, but in less memory. */
  async #compared(model: Model, provider: Provider, call: LongCall): Promise<Session> {
    const { openFolded } = await recipes();
    // Making a session is one step of the runtime, which tells nothing on its way.
    call.onProgress?.({ done: 0, total: 0, label: `Loading ${model.name} into onnxruntime` });
    return openFolded(model, this.#runtime, provider, { signal: call.signal });
  }
}
