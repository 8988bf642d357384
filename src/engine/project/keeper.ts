import type { ByteSource } from '../core/bytes';
import { isAbort, messageOf, UserError } from '../core/errors';
import type { EvaluateReport } from '../evaluation/report';
import type { FinishedRun } from '../recipe/finishedRun';
import type { KeptSensitivity } from '../sensitivity/report';
import type { Release } from '../store/backing';
import { type Store, StoreFullError, type Writer } from '../store/store';
import type { DataFile, KeepingState, RunReport } from './engine';
import { copyFiles } from './modelCopy';
import type { OpenedModel } from './openedModel';
import { lockOf, PAGE, PROJECT, type ProjectRecord, RUN, runName, SENSITIVITY } from './records';

/** The project that this tab has open. */
interface Open {
  readonly id: string;
  readonly store: Store;
  record: ProjectRecord;
  /** Stops the copying of the model. */
  readonly copying: AbortController;
  release: Release | undefined;
  /** It has runs, or a part of the page: removing it would lose work. */
  hasWork: boolean;
}

/**
 * Keeps the open project in a store: the model, which is copied after it was opened, data, finished runs, the page's part.
 * What cannot be kept, as where the disk is full, stops no work: `onChange` is told why.
 */
export class ProjectKeeper {
  #open: Open | undefined;
  /** Records are written one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** Copies the open model, or compares the copy with its hash. */
  #copying: Promise<void> = Promise.resolve();
  #leaving: Promise<void> = Promise.resolve();
  #state: KeepingState = { project: undefined, state: 'none', done: 0, total: 0 };

  constructor(
    private readonly store: Store | undefined,
    private readonly onChange: (state: KeepingState) => void = () => undefined,
  ) {}

  get state(): KeepingState {
    return this.#state;
  }

  /** Resolves when all that was given so far is kept, or could not be. */
  async settled(): Promise<void> {
    await Promise.all([this.#copying, this.#leaving]);
    await this.#work;
  }

  /** A model was opened as a file: it is a new project. Returns at once; the model is copied in the background. */
  begin({ model, files: sources }: Pick<OpenedModel, 'model' | 'files'>, lastRun = 0): string | undefined {
    this.leave();
    const { store } = this;
    if (!store) {
      this.#tell({ project: undefined, state: 'none', note: NOWHERE, done: 0, total: 0 });
      return undefined;
    }
    const files = sources.map(({ name, size }) => ({ name, bytes: size }));
    const record = { name: model.name, files, data: [], lastRun };
    const id = crypto.randomUUID();
    const open: Open = { id, store, record, copying: new AbortController(), release: undefined, hasWork: false };
    this.#open = open;
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#tell({ project: id, state: 'copying', done: 0, total });
    void this.#do(async () => {
      open.release = await store.locks.take(lockOf(id), 0, () => this.lose(id));
      await this.#save(open);
    });
    const copied = this.#copy(open, sources);
    // What is left of another model that nothing was done with goes now: while this one is copied nothing may go.
    this.#copying = copied
      .then(async () => void (await open.store.sweep()))
      .catch((error: unknown) => this.#fault(open, error));
    return id;
  }

  /** A kept project was opened: what changes from now on is kept in it. `release` gives its lock back. */
  resume(id: string, store: Store, record: ProjectRecord, release: Release): void {
    if (this.#open?.id === id) return;
    this.leave();
    const open: Open = { id, store, record, copying: new AbortController(), release, hasWork: true };
    this.#open = open;
    this.#tell({ project: id, state: 'kept', done: 0, total: 0 });
    this.#copying = this.#check(open).catch((error: unknown) => this.#fault(open, error));
  }

  /** Nothing more is kept in the open project. One without any work is removed. */
  leave(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#tell({ project: undefined, state: 'none', done: 0, total: 0 });
    if (!open) return;
    open.copying.abort();
    // The copying may still write the record.
    const ended = this.#copying.then(() =>
      this.#do(async () => {
        if (!open.hasWork) await open.store.removeRecord(PROJECT, open.id);
        open.release?.();
        if (!open.hasWork) await open.store.sweep();
      }),
    );
    this.#leaving = Promise.all([this.#leaving, ended]).then(() => undefined);
  }

  /** Id of the open project. */
  get project(): string | undefined {
    return this.#open?.id;
  }

  dataOpened(file: DataFile, use?: 'calibration'): Promise<void> {
    return this.#keep(async (open) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      await open.store.write(async (writer) => {
        const artefact = await writer.put([bytes], bytes.length);
        // The later of two files of a name replaces the first one.
        const others = open.record.data.filter(({ name }) => name !== file.name);
        const data = [...others, { name: file.name, bytes: bytes.length, artefact, ...(use && { use }) }];
        open.record = { ...open.record, data };
        await this.#save(open, writer);
      });
    });
  }

  dataCleared(): Promise<void> {
    return this.#keep(async (open) => {
      open.record = { ...open.record, data: [] };
      await this.#save(open);
    });
  }

  /** A run is finished: resolves when it is kept. Where there is no room for its weights, its figures are. */
  runFinished(report: RunReport, run: FinishedRun): Promise<void> {
    return this.#keep(async (open) => {
      const name = runName(open.id, report.run);
      open.hasWork = true;
      const { keepRun, referencesOf } = await import('./keptRun');
      try {
        await open.store.write(async (writer) => {
          const kept = await keepRun(run, writer);
          await writer.setRecord(RUN, name, { report, kept }, referencesOf(kept));
        });
      } catch (error) {
        if (error instanceof StoreFullError)
          await open.store.write(({ setRecord }) => setRecord(RUN, name, { report }, []));
        throw error;
      }
    });
  }

  runEvaluated(run: number, evaluation: EvaluateReport): Promise<void> {
    return this.#changeRun(run, (report) => {
      const aim = (report.recipe as { readonly export?: { readonly aim?: RunReport['evaluatedFor'] } }).export?.aim;
      return { ...report, evaluation, evaluatedFor: aim ?? 'speed' };
    });
  }

  /** The run is written for another aim from now on. */
  runWritten({ run, recipe, result }: RunReport): Promise<void> {
    return this.#changeRun(run, (report) => ({ ...report, recipe, result }));
  }

  runForgotten(run: number): Promise<void> {
    return this.#keep(async (open) => {
      // Its number stays taken.
      open.record = { ...open.record, lastRun: Math.max(open.record.lastRun, run) };
      await this.#save(open);
      await open.store.removeRecord(RUN, runName(open.id, run));
      await open.store.sweep();
    });
  }

  /** A finished layer could not be kept or read: a run that is interrupted loses it. */
  layerNotKept(error: unknown): void {
    this.#fault(this.#open, error);
  }

  pageChanged(page: unknown): Promise<void> {
    return this.#keep(async (open) => {
      open.hasWork = true;
      await open.store.write(({ setRecord }) => setRecord(PAGE, open.id, { page }, []));
    });
  }

  sensitivityMeasured(kept: KeptSensitivity): Promise<void> {
    return this.#keep(async (open) => {
      open.hasWork = true;
      await open.store.write(({ setRecord }) => setRecord(SENSITIVITY, open.id, kept, []));
    });
  }

  #changeRun(run: number, change: (report: RunReport) => RunReport): Promise<void> {
    return this.#keep(async ({ id, store }) => {
      const name = runName(id, run);
      const found = await store.record(RUN, name);
      if (!found?.value) return;
      const { value, references } = found;
      const changed = { ...value, report: change(value.report) };
      await store.write(({ setRecord }) => setRecord(RUN, name, changed, references));
    });
  }

  /** Adds to the open project, if there is one. */
  #keep(work: (open: Open) => Promise<void>): Promise<void> {
    const open = this.#open;
    if (!open) return Promise.resolve();
    return this.#do(() => work(open), open);
  }

  #do(work: () => Promise<void>, open = this.#open): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#fault(open, error));
    return this.#work;
  }

  async #copy(open: Open, sources: readonly ByteSource[]): Promise<void> {
    const onProgress = (done: number) => {
      if (this.#open === open) this.#tell({ ...this.#state, done });
    };
    await copyFiles(open.store, sources, {
      signal: open.copying.signal,
      onProgress,
      onCopied: (i, artefact, writer) => {
        const files = open.record.files.with(i, { ...open.record.files[i]!, artefact });
        open.record = { ...open.record, files };
        return this.#do(() => this.#save(open, writer), open);
      },
    });
    if (this.#open === open) this.#tell({ ...this.#state, state: this.#state.note ? 'partly' : 'kept' });
  }

  /** Compares the copy of the model with its hash: at opening only its size was known. */
  async #check({ store, record, copying }: Open): Promise<void> {
    for (const { name, artefact } of record.files) {
      if (artefact && !(await store.check(artefact, copying.signal)))
        throw new UserError(`The kept copy of ${name} is damaged: open its file again.`);
    }
  }

  /** Writes the project's own record. */
  async #save({ id, store, record }: Open, writer?: Writer): Promise<void> {
    const references = [...record.files, ...record.data].flatMap(({ artefact }) => artefact ?? []);
    const set = ({ setRecord }: Writer) => setRecord(PROJECT, id, record, references);
    await (writer ? set(writer) : store.write(set));
  }

  /** Another tab has taken the project over. */
  lose(id: string): void {
    if (this.#open?.id !== id) return;
    this.#open.copying.abort();
    this.#open = undefined;
    this.#tell({ project: undefined, state: 'none', note: TAKEN_OVER, done: 0, total: 0 });
  }

  #fault(open: Open | undefined, error: unknown): void {
    if (isAbort(error) || !open || this.#open !== open) return;
    const note =
      error instanceof UserError ? error.message : `Not all of this work could be kept (${messageOf(error)}).`;
    this.#tell({ ...this.#state, state: 'partly', note });
  }

  #tell(state: KeepingState): void {
    this.#state = state;
    this.onChange(state);
  }
}

const NOWHERE = 'This browser gives the page no place to keep work: a reload loses it. Export what you need.';
const TAKEN_OVER = 'Another tab has taken this project over: what is changed here is not kept any more.';
