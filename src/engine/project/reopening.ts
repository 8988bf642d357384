import type { ByteSource } from '../core/bytes';
import { OpenElsewhereError, UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import type { Model } from '../model/model';
import { type Compressed, writeRun } from '../recipe/finishedRun';
import { checkRecipe, exportOf } from '../recipe/schema';
import type { KeptSensitivity } from '../sensitivity/report';
import type { Release } from '../store/backing';
import type { Store } from '../store/store';
import type { OpenHow, RunReport } from './engine';
import { isThere, restoreRun } from './keptRun';
import type { ModelSource } from './modelSource';
import type { KeptData } from './openData';
import { PATIENCE_MS } from './projectList';
import {
  isRunOf,
  type KeptFile,
  lockOf,
  PAGE,
  PROJECT,
  type ProjectRecord,
  RUN,
  runName,
  SENSITIVITY,
} from './records';

/** A project as it is kept. */
export interface KeptProject {
  readonly id: string;
  readonly record: ProjectRecord;
  readonly source: ModelSource;
  readonly data: readonly KeptData[];
  /** Names of data files that are gone or damaged. */
  readonly missing: readonly string[];
  readonly runs: readonly RunReport[];
  /** Runs that have their figures only: they are compressed again when they are needed. */
  readonly lost: readonly number[];
  readonly lastRun: number;
  readonly page: unknown;
  /** What was measured of single layers; undefined where nothing was. */
  readonly sensitivity: KeptSensitivity | undefined;
}

/**
 * The project's lock. Throws an OpenElsewhereError where another tab has it; undefined where the project is only read.
 */
export async function claimProject(
  store: Store,
  id: string,
  how: OpenHow | undefined,
  onLost: () => void,
): Promise<Release | undefined> {
  const { locks } = store;
  if (how === 'read') return undefined;
  if (how === 'take over' && locks.steal) return locks.steal(lockOf(id), onLost);
  const release = await locks.take(lockOf(id), PATIENCE_MS, onLost);
  if (!release) throw new OpenElsewhereError('This project is open in another tab: go on there, or close that tab.');
  return release;
}

/** Reads what is kept of a project. Throws a UserError that says why it cannot be opened. */
export async function readProject(store: Store, id: string): Promise<KeptProject> {
  const found = await store.record(PROJECT, id);
  if (!found) throw new UserError('This project is not kept any more: open the model’s file.');
  const record = found.value;
  if (!record)
    throw new UserError('Another version of Carrara has kept this project: open it there, or open the model’s file.');
  const runs: RunReport[] = [];
  const lost: number[] = [];
  for (const { name, value } of await store.records(RUN)) {
    if (!isRunOf(name, id) || !value) continue;
    runs.push(value.report);
    if (!value.kept || !(await isThere(value.kept, store))) lost.push(value.report.run);
  }
  runs.sort((a, b) => a.run - b.run);
  const data: KeptData[] = [];
  const missing: string[] = [];
  for (const { name, artefact, use } of record.data) {
    const bytes = artefact && (await store.bytes(artefact));
    if (bytes) data.push({ name, arrayBuffer: async () => bytes.buffer, ...(use && { use }) });
    else missing.push(name);
  }
  return {
    id,
    record,
    source: await sourceOf(store, record),
    data,
    missing,
    runs,
    lost,
    lastRun: Math.max(record.lastRun, ...runs.map(({ run }) => run)),
    page: (await store.record(PAGE, id))?.value?.page,
    sensitivity: (await store.record(SENSITIVITY, id))?.value,
  };
}

/** The model's files in the store. Their sizes are compared, their bytes later: a large model must open at once. */
async function sourceOf(store: Store, { name, files: [main, ...others] }: ProjectRecord): Promise<ModelSource> {
  const sources = new Map<string, ByteSource>();
  const open = async ({ name: file, artefact }: KeptFile) => {
    const source = artefact && (await store.artefact(artefact));
    if (!source) throw new UserError(`The copy of ${file} is not complete or is gone: open the file of ${name} again.`);
    return { ...source, name: file };
  };
  const own = await open(main!);
  for (const file of others) sources.set(file.name, await open(file));
  return { main: own, find: (location) => sources.get(location) };
}

/** A kept run, written as its recipe says; undefined where what it is made from is gone or damaged. */
export async function reopenRun(
  store: Store,
  project: string,
  run: number,
  original: Model,
  call: LongCall,
): Promise<(Compressed & { readonly recipe: unknown }) | undefined> {
  const value = (await store.record(RUN, runName(project, run)))?.value;
  const finished = value?.kept && (await restoreRun(value.kept, original, store, call.signal));
  if (!finished) return undefined;
  const { recipe } = value.report;
  return { ...(await writeRun(finished, call, exportOf(checkRecipe(recipe)))), recipe };
}
