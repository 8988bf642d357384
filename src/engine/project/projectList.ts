import { OpenElsewhereError } from '../core/errors';
import type { Found } from '../store/records';
import { bytesOf, type Store } from '../store/store';
import type { ProjectSummary } from './engine';
import { isRunOf, lockOf, PAGE, PROJECT, type ProjectRecord, RUN, SENSITIVITY } from './records';

/**
 * All kept projects, the one that was changed last first. Those of tabs that ended before their model was copied and before
 * any work was done are removed: nothing could be opened from them.
 */
export async function listProjects(store: Store): Promise<ProjectSummary[]> {
  // Another tab may begin or end a project while the records are read.
  const takenBefore = await store.locks.taken();
  const [projects, runs, pages] = await Promise.all([store.records(PROJECT), store.records(RUN), store.records(PAGE)]);
  const taken = await store.locks.taken();
  const wasOpen = (lock: string) => takenBefore.has(lock) || taken.has(lock);
  const isAbandoned = ({ name: id, value }: Found<ProjectRecord>) =>
    value !== undefined &&
    !isCopied({ value }) &&
    !wasOpen(lockOf(id)) &&
    !runs.some(({ name }) => isRunOf(name, id)) &&
    !pages.some(({ name }) => name === id);
  for (const { name } of projects.filter(isAbandoned)) await store.removeRecord(PROJECT, name);
  const summaries = projects
    .filter((project) => !isAbandoned(project))
    .map((project) => {
      const { name: id, value, written } = project;
      const own = runs.filter(({ name }) => isRunOf(name, id));
      const page = pages.find(({ name }) => name === id);
      const files = value?.files ?? [];
      const sizes = own.flatMap((run) => run.value?.report.result.after.bytes ?? []);
      return {
        id,
        name: value?.name ?? 'A model of another version',
        changed: Math.max(written, ...own.map((run) => run.written), page?.written ?? 0),
        modelBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        isCopied: isCopied(project),
        bytes: bytesOf([project, ...own].flatMap(({ references }) => references)),
        runs: own.length,
        ...(sizes.length > 0 && { smallest: Math.min(...sizes) }),
        isOpen: taken.has(lockOf(id)),
        isForeign: value === undefined,
      };
    });
  return summaries.sort((a, b) => b.changed - a.changed);
}

const isCopied = ({ value }: Pick<Found<ProjectRecord>, 'value'>): boolean =>
  value?.files.every(({ artefact }) => artefact !== undefined) ?? false;

/** Removes a project with its runs. Throws an OpenElsewhereError while another tab has it open. */
export async function removeProject(store: Store, id: string): Promise<void> {
  const release = await store.locks.take(lockOf(id), PATIENCE_MS);
  if (!release) throw new OpenElsewhereError('This project is open in another tab: close that tab first.');
  try {
    // The project last: after a crash it can be removed once more.
    for (const { name } of await store.records(RUN)) if (isRunOf(name, id)) await store.removeRecord(RUN, name);
    await store.removeRecord(PAGE, id);
    await store.removeRecord(SENSITIVITY, id);
    await store.removeRecord(PROJECT, id);
  } finally {
    release();
  }
  await store.sweep();
}

/** How long the lock of a tab that has just ended may take to come free. */
export const PATIENCE_MS = 2000;
