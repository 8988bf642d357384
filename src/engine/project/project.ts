import type { ProposalReport } from '../allocation/proposalReport';
import type { Backend } from '../backend/backend';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { isSoftwareOnly } from '../gpu/device';
import type { Model } from '../model/model';
import type { Provider, Runtime } from '../runtime';
import type { KeptSensitivity, SensitivityReport, SensitivityRequest } from '../sensitivity/report';
import type { ChosenBackend } from './backends';
import type { ProjectOptions, Tools } from './context';
import type {
  CompressSettings,
  DataFile,
  DataReport,
  Engine,
  EngineReport,
  EqualBytesReport,
  EvaluateReport,
  EvaluateSettings,
  ExportSettings,
  Goal,
  Job,
  KnownSpectra,
  LayerSpectrum,
  LayerTimes,
  MatrixPicture,
  ModelReport,
  OriginalReport,
  PreviewSetting,
  ReadBack,
  RunReport,
  SearchReport,
  SearchSettings,
  StackStep,
} from './engine';
import type { JobProgress } from './jobProgress';
import type { LayerTools } from './layerTools';
import type { ModelSource } from './modelSource';
import type { KeptData } from './openData';
import type { OpenedModel } from './openedModel';
import { JobQueue, type JobRequest, PRIORITY } from './queue';
import type { WriteFiles } from './runs';

// What a model and its layers need is loaded when it is first needed, so that the first page is small.
const opening = () => import('./opening');
const layerTools = () => import('./layerTools');
const pictures = () => import('./pictures');
const recipes = () => import('./recipes');
const runs = () => import('./runs');
const evaluating = () => import('./evaluating');

/** Nobody waits for it: it gives way to everything else. */
const BACKGROUND = { priority: PRIORITY.background, yieldsTo: PRIORITY.preview };
/** The page draws it when it is there: it gives way to what the user waits for. */
const PREVIEW = { priority: PRIORITY.preview, yieldsTo: PRIORITY.foreground };
/** The page draws them while a slider is in hand. */
const FIGURES = { priority: PRIORITY.figures, yieldsTo: PRIORITY.foreground };

type Kind = Pick<JobRequest<unknown>, 'kind' | 'label' | 'yieldsTo'> & { readonly priority?: number };

/**
 * One open model with its data and its runs, one backend, one runtime. Page, command line and tests do all their work
 * through it: in the page it lives in a worker. Its long calls are jobs that run one at a time.
 */
export class Project implements Engine {
  readonly queue = new JobQueue();
  readonly #runtime: Runtime;
  readonly #options: ProjectOptions;
  #chosen: ChosenBackend | undefined;
  /** Of the open model's layers on the backend that was chosen; made when they are first needed. */
  #layerTools: Promise<LayerTools> | undefined;
  #opened: OpenedModel | undefined;
  /** What `check` has read, for `open`. */
  #checked: { readonly files: string; readonly opened: OpenedModel } | undefined;

  constructor(runtime: Runtime, options: ProjectOptions = {}) {
    this.#runtime = runtime;
    this.#options = options;
  }

  async start(preferred?: 'gpu' | 'cpu'): Promise<EngineReport> {
    const { gpu = async () => globalThis.navigator?.gpu, tuning } = this.#options;
    const { chooseBackend } = await import('./backends');
    const { providers, name } = this.#runtime;
    const hasWebgpu = providers.includes('webgpu');
    const found = preferred === 'cpu' && !hasWebgpu ? undefined : await gpu();
    const chosen = await chooseBackend(this.#runtime, preferred, found, tuning);
    await this.#forgetLayers();
    this.#chosen?.backend.dispose();
    this.#chosen = chosen;
    const softwareWebgpu = hasWebgpu && found !== undefined && (await isSoftwareOnly(found));
    return { backend: chosen.report, providers, softwareWebgpu, runtime: name };
  }

  async ping() {}

  check(files: readonly File[], job: Job) {
    return this.do(job, { kind: 'check', label: 'Reading a model' }, async (call) => {
      this.#checked = { files: namesOf(files), opened: await this.#read(files, call) };
    });
  }

  open(files: readonly File[] | ModelSource, job: Job, lastRun = 0): Promise<ModelReport> {
    return this.do(job, { kind: 'open', label: 'Opening a model' }, async (call) => {
      const checked = this.#checked;
      this.#checked = undefined;
      const given = 'main' in files ? undefined : namesOf(files);
      const opened = checked && checked.files === given ? checked.opened : await this.#read(files, call);
      await this.#replace(opened, lastRun);
      return opened.report;
    });
  }

  /**
   * Opens a model together with its data, all or nothing. Data that cannot be read or do not fit the model are left out
   * and named in `unfit`; `data` is null where none are left.
   */
  protected openWithData(source: ModelSource, files: readonly KeptData[], job: Job, lastRun: number) {
    return this.do(job, { kind: 'open', label: 'Opening a model' }, async (call) => {
      const opened = await this.#read(source, call);
      const unfit: string[] = [];
      for (const file of files) {
        await opened.data.add(file, file.use, call.signal).catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error;
          unfit.push(file.name);
        });
      }
      call.signal.throwIfAborted();
      await this.#replace(opened, lastRun);
      return { report: opened.report, data: unfit.length < files.length ? opened.data.report() : null, unfit };
    });
  }

  spectra(ids: readonly string[], onSpectrum: (spectrum: LayerSpectrum) => void, job: Job) {
    const how = { kind: 'spectra', label: 'Measuring spectra', ...BACKGROUND };
    return this.do(job, how, async ({ signal, onProgress }) => {
      const opened = this.opened;
      const { factorisations } = await this.#tools();
      const { spectrum } = await recipes();
      for (const [done, id] of ids.entries()) {
        onProgress?.({ done, total: ids.length, label: opened.layer(id).name });
        onSpectrum(await spectrum(opened, id, factorisations, { signal }));
      }
    });
  }

  openData(file: DataFile, job: Job, use?: 'calibration'): Promise<DataReport> {
    return this.do(job, { kind: 'data', label: `Reading ${file.name}` }, async ({ signal }) => {
      const { data } = this.opened;
      await data.add(file, use, signal);
      return data.report();
    });
  }

  async clearData() {
    const { data } = this.opened;
    data.clear();
    return data.report();
  }

  async checkRecipe(recipe: unknown) {
    const { selectedSteps } = await recipes();
    return selectedSteps(recipe, this.opened);
  }

  preview(id: string, steps: readonly StackStep[], setting: PreviewSetting, job: Job) {
    return this.do(job, { kind: 'preview', label: 'Trying steps on a layer', ...PREVIEW }, async (call) => {
      const { preview } = await recipes();
      this.opened.layer(id);
      return preview(this.opened, id, steps, setting, await this.#tools(), call);
    });
  }

  layerTimes(
    id: string,
    steps: readonly StackStep[],
    known: KnownSpectra,
    onTimes: (times: LayerTimes) => void,
    job: Job,
  ) {
    return this.do(job, { kind: 'times', label: 'Timing a layer', ...FIGURES }, async ({ signal }) => {
      const { timesOf } = await recipes();
      this.opened.layer(id);
      return timesOf(this.opened, id, steps, known, await this.#tools(), { signal, onTimes });
    });
  }

  equalBytes(ids: readonly string[], sizes: readonly number[], onReport: (report: EqualBytesReport) => void, job: Job) {
    return this.do(job, { kind: 'methods', label: 'Comparing methods' }, async (call) => {
      const { equalBytes } = await recipes();
      return equalBytes(this.opened, ids, sizes, await this.#tools(), onReport, call);
    });
  }

  search(goal: Goal, settings: SearchSettings, onReport: (report: SearchReport) => void, job: Job) {
    return this.do(job, { kind: 'search', label: 'Searching' }, async (call) => {
      const { searchFor } = await import('./search');
      return searchFor(this.opened, goal, settings, await this.#tools(), onReport, call);
    });
  }

  sensitivity(request: SensitivityRequest, onReport: (report: SensitivityReport) => void, job: Job) {
    const how = { kind: 'sensitivity', label: 'Measuring sensitivity', ...BACKGROUND };
    return this.do(job, how, async (call) => {
      const { measureSensitivity } = await import('./sensitivity');
      const { opened } = this;
      const keep = (kept: KeptSensitivity) => {
        opened.sensitivity = kept;
        this.sensitivityMeasured(kept);
      };
      return measureSensitivity(opened, request, await this.#tools(), opened.sensitivity, keep, onReport, call);
    });
  }

  async knownSensitivity() {
    return this.opened.sensitivity ?? null;
  }

  /** Something was measured of the open model's layers. */
  protected sensitivityMeasured(_kept: KeptSensitivity): void {}

  propose(onReport: (report: ProposalReport) => void, job: Job): Promise<ProposalReport> {
    return this.do(job, { kind: 'proposals', label: 'Looking for proposals', ...BACKGROUND }, async (call) => {
      const { propose } = await import('./proposals');
      return propose(this.opened, await this.#tools(), onReport, call);
    });
  }

  compress(recipe: unknown, job: Job, settings: CompressSettings = {}): Promise<RunReport> {
    return this.do(job, { kind: 'compress', label: 'Compressing' }, async (call) => {
      const { compressModel } = await runs();
      return compressModel(this.opened, recipe, settings, await this.#tools(), call);
    });
  }

  writeFor(run: number, chosen: ExportSettings | undefined, job: Job): Promise<RunReport> {
    return this.do(job, { kind: 'write', label: 'Writing a run' }, async (call) => {
      const { writeFor } = await runs();
      return writeFor(this.opened, run, chosen, call);
    });
  }

  /** Of a run, or of a compressed model that was read from a file. */
  evaluate(
    compressed: number | Model,
    provider: Provider,
    job: Job,
    settings: EvaluateSettings = {},
    onCompared?: (report: EvaluateReport) => void,
  ): Promise<EvaluateReport> {
    return this.do(job, { kind: 'evaluate', label: 'Comparing' }, async (call) => {
      const { evaluateModel } = await evaluating();
      return evaluateModel(this.opened, compressed, provider, this.#runtime, { ...call, ...settings, onCompared });
    });
  }

  evaluateOriginal(provider: Provider, job: Job, settings: EvaluateSettings = {}): Promise<OriginalReport> {
    const how = { kind: 'original', label: 'Running the original', ...BACKGROUND };
    return this.do(job, how, async (call) => {
      const { evaluateOpened } = await evaluating();
      return evaluateOpened(this.opened, provider, { ...call, ...settings });
    });
  }

  exportRun(run: number, job: Job) {
    return this.do(job, { kind: 'export', label: 'Exporting' }, async (call) => {
      const { exportRun } = await import('./exporting');
      return exportRun(this.opened, run, this.#runtime, call);
    });
  }

  /** Has `write` write the files of a run, and verifies what can be read again. */
  exportTo(run: number, write: WriteFiles, job: Job): Promise<ReadBack> {
    return this.do(job, { kind: 'export', label: 'Exporting' }, async (call) => {
      const { exportTo } = await runs();
      return exportTo(this.opened, run, write, this.#runtime, call);
    });
  }

  async forgetRun(run: number) {
    this.opened.runs.delete(run);
  }

  /** The outlier channels of each layer's input, by layer id; or why there are none. Needs data. */
  outliers(job: Job) {
    return this.do(job, { kind: 'outliers', label: 'Looking for outliers' }, async (call) => {
      const { outliersIn } = await import('./outliers');
      return outliersIn(this.opened, call);
    });
  }

  factorPicture(picture: MatrixPicture, job: Job) {
    return this.do(job, { kind: 'lesson', label: 'Factorising a picture' }, async (call) => {
      const { factorPicture } = await pictures();
      return factorPicture(this.#backend, picture, call);
    });
  }

  async weightPicture(id: string) {
    const opened = this.opened;
    const layer = opened.layer(id);
    const { weightPicture } = await pictures();
    return weightPicture(opened.model, layer);
  }

  async cancel(job: string) {
    this.queue.cancel(job);
  }

  /** The open model. Throws a UserError where none is open. */
  get model(): Model {
    return this.opened.model;
  }

  /** Gives the backend and the session that is kept back. */
  async close(): Promise<void> {
    await this.#opened?.original.release();
    await this.#forgetLayers();
    this.#chosen?.backend.dispose();
    this.#chosen = undefined;
  }

  /** Runs a job in the queue. */
  protected do<T>(
    { id, onProgress, signal }: Job,
    kind: Kind,
    run: (call: Required<LongCall>) => Promise<T>,
  ): Promise<T> {
    const report = onProgress && ((progress: JobProgress) => onProgress(progress));
    return this.queue.add({ priority: PRIORITY.foreground, ...kind, id, signal, onProgress: report, run });
  }

  async #read(files: readonly File[] | ModelSource, { signal }: LongCall): Promise<OpenedModel> {
    const { readOpened } = await opening();
    return readOpened(files, this.#runtime, this.#options.madeUp, signal);
  }

  async #replace(opened: OpenedModel, lastRun: number): Promise<void> {
    await this.#opened?.original.release();
    await this.#forgetLayers();
    opened.lastRun = lastRun;
    this.#opened = opened;
  }

  /** Forgets what was computed of the layers of another model or on another backend. */
  async #forgetLayers(): Promise<void> {
    const tools = this.#layerTools;
    this.#layerTools = undefined;
    (await tools)?.keptDense.close();
  }

  get #backend(): Backend {
    if (!this.#chosen) throw new Error('The engine has not been started.');
    return this.#chosen.backend;
  }

  async #tools(): Promise<Tools> {
    const backend = this.#backend;
    const { remedy, results, factorBytes } = this.#options;
    this.#layerTools ??= layerTools().then(({ makeLayerTools }) => makeLayerTools(backend, factorBytes));
    return { runtime: this.#runtime, ...(await this.#layerTools), remedy, results };
  }

  /** The open model with all that belongs to it. Throws a UserError where none is open. */
  protected get opened(): OpenedModel {
    if (!this.#opened) throw new UserError('No model is open: drop an .onnx file, or open a sample.');
    return this.#opened;
  }
}

/** Two lists of files that are told apart by nothing else are the same files: a `File` is copied on its way to a worker. */
const namesOf = (files: readonly File[]): string =>
  JSON.stringify(files.map(({ name, size, lastModified }) => [name, size, lastModified]));
