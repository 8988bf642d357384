import type { Model } from '../model/model';
import type { KeptResults } from '../recipe/runner/keptResults';
import type { Provider, Runtime } from '../runtime';
import type { KeptSensitivity } from '../sensitivity/report';
import { memoryBacking } from '../store/memory';
import { Store } from '../store/store';
import type { ProjectOptions } from './context';
import type {
  CompressSettings,
  DataFile,
  DataReport,
  EvaluateReport,
  EvaluateSettings,
  ExportSettings,
  Job,
  KeepingEngine,
  KeepingState,
  ModelReport,
  OpenedProject,
  OpenHow,
  ProjectSummary,
  RunReport,
} from './engine';
import { ProjectKeeper } from './keeper';
import type { ModelSource } from './modelSource';
import { Project } from './project';
import { listProjects, removeProject } from './projectList';

// What operators need is loaded once a model is open, so that the first page is small.
const reopening = () => import('./reopening');

function resultsIn(store: Store, onFault: (error: unknown) => void): KeptResults {
  const results = async () => {
    const { layerResults } = await import('./layerResults');
    loaded ??= layerResults(store, { onFault });
    return loaded;
  };
  let loaded: KeptResults | undefined;
  return {
    find: async (key) => (await results()).find(key),
    keep: async (key, result) => (await results()).keep(key, result),
  };
}

/** A project that a store keeps: after a reload or a crash everything that was finished can be opened again. */
export class KeptProject extends Project implements KeepingEngine {
  readonly #store: Store;
  readonly #keeper: ProjectKeeper;
  #listener: ((state: KeepingState) => void) | undefined;
  /** The id under which runs of the open model are found, also where the project is only read. */
  #project: string | undefined;

  /** Without a store nothing is kept. */
  constructor(runtime: Runtime, store: Store | undefined, options: ProjectOptions = {}) {
    let tellFault: (error: unknown) => void = () => undefined;
    super(runtime, { ...options, ...(store && { results: resultsIn(store, (error) => tellFault(error)) }) });
    this.#store = store ?? new Store(memoryBacking());
    this.#keeper = new ProjectKeeper(store, (state) => this.#listener?.(state));
    tellFault = (error) => this.#keeper.layerNotKept(error);
  }

  /** Calls `listener` with how far the open project is kept: now, and whenever that changes. */
  async onKeeping(listener: (state: KeepingState) => void): Promise<void> {
    this.#listener = listener;
    listener(this.#keeper.state);
  }

  async keeping(): Promise<KeepingState> {
    return this.#keeper.state;
  }

  /** Resolves when all that is open is kept, or could not be. */
  kept(): Promise<void> {
    return this.#keeper.settled();
  }

  projects(): Promise<ProjectSummary[]> {
    return listProjects(this.#store);
  }

  /** The open project may be removed too: it stays open, and is no longer kept. */
  async removeProject(id: string): Promise<void> {
    if (this.#keeper.project === id) {
      this.#keeper.leave();
      await this.#keeper.settled();
    }
    await removeProject(this.#store, id);
  }

  /**
   * Opens a kept project. Throws an OpenElsewhereError where another tab has it open and `how` does not say what to do, and
   * a UserError where its model is not there. What was open stays open then.
   */
  async openProject(id: string, job: Job, how?: OpenHow): Promise<OpenedProject> {
    const isOwn = this.#keeper.project === id;
    const lose = () => this.#keeper.lose(id);
    const { claimProject, readProject } = await reopening();
    const release = isOwn ? undefined : await claimProject(this.#store, id, how, lose);
    try {
      if (isOwn) await this.#keeper.settled();
      const {
        record,
        source,
        data: files,
        runs,
        lost,
        missing,
        lastRun,
        page,
        sensitivity,
      } = await readProject(this.#store, id);
      const { report, data, unfit } = await super.openWithData(source, files, job, lastRun);
      this.opened.sensitivity = sensitivity;
      if (release) this.#keeper.resume(id, this.#store, record, release);
      else if (!isOwn) this.#keeper.leave();
      this.#project = id;
      return { project: id, report, data, runs, lastRun, lost, missing: [...missing, ...unfit], page };
    } catch (error) {
      release?.();
      throw error;
    }
  }

  protected override sensitivityMeasured(kept: KeptSensitivity): void {
    void this.#keeper.sensitivityMeasured(kept);
  }

  /** Keeps the page's own part of a project, in place of the last one, if this project is the open one. JSON values only. */
  async keepPage(project: string, page: unknown): Promise<void> {
    if (project === this.#keeper.project) await this.#keeper.pageChanged(page);
  }

  override async open(files: readonly File[] | ModelSource, job: Job, lastRun = 0): Promise<ModelReport> {
    const report = await super.open(files, job, lastRun);
    this.#project = this.#keeper.begin(this.opened, lastRun);
    return report;
  }

  override async openData(file: DataFile, job: Job, use?: 'calibration'): Promise<DataReport> {
    const project = this.#project;
    const report = await super.openData(file, job, use);
    if (project === this.#project) await this.#keeper.dataOpened(file, use);
    return report;
  }

  override async clearData(): Promise<DataReport> {
    const report = await super.clearData();
    await this.#keeper.dataCleared();
    return report;
  }

  /** Resolves when the run is kept. */
  override async compress(recipe: unknown, job: Job, settings?: CompressSettings): Promise<RunReport> {
    const project = this.#project;
    const report = await super.compress(recipe, job, settings);
    if (project === this.#project) await this.#keeper.runFinished(report, this.opened.run(report.run).run);
    return report;
  }

  override async writeFor(run: number, chosen: ExportSettings | undefined, job: Job): Promise<RunReport> {
    const project = this.#project;
    await this.#restore(run, job);
    const report = await super.writeFor(run, chosen, job);
    if (project === this.#project) await this.#keeper.runWritten(report);
    return report;
  }

  override async evaluate(
    compressed: number | Model,
    provider: Provider,
    job: Job,
    settings?: EvaluateSettings,
    onCompared?: (report: EvaluateReport) => void,
  ) {
    const project = this.#project;
    if (typeof compressed === 'number') await this.#restore(compressed, job);
    const keep = async (report: EvaluateReport) => {
      if (typeof compressed === 'number' && project === this.#project)
        await this.#keeper.runEvaluated(compressed, report);
    };
    // What is known before latency is kept too: the timing may be cancelled.
    const report = await super.evaluate(compressed, provider, job, settings, (compared) => {
      onCompared?.(compared);
      void keep(compared);
    });
    await keep(report);
    return report;
  }

  override async exportRun(run: number, job: Job) {
    await this.#restore(run, job);
    return super.exportRun(run, job);
  }

  override async forgetRun(run: number): Promise<void> {
    await super.forgetRun(run);
    await this.#keeper.runForgotten(run);
  }

  /** Makes a run of an earlier session again from what is kept of it. Where that is gone, whoever needs the run says so. */
  async #restore(run: number, job: Job): Promise<void> {
    const { opened } = this;
    const project = this.#project;
    if (project === undefined || opened.runs.has(run)) return;
    await this.do(job, { kind: 'restore', label: `Reading run ${run}` }, async (call) => {
      const { reopenRun } = await reopening();
      const found = await reopenRun(this.#store, project, run, opened.model, call);
      if (found) opened.runs.set(run, found);
    });
  }
}
