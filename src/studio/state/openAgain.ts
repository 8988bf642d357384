import type { DataReport, Job } from '../../engine/page/light';
import { engine } from '../engine';
import { listed } from './opening';
import type { Studio } from './types/studio';

/** What a new engine has open of what was open before. */
export interface OpenedAgain extends Pick<Studio, 'project' | 'readOnly'> {
  readonly data: DataReport | null;
  readonly sources: Studio['sources'];
  /** Runs whose compressed model is gone. */
  readonly lost: readonly number[];
}

type Before = Pick<Studio, 'project' | 'readOnly' | 'sources' | 'data' | 'runs' | 'lastRun'>;

/** Opens in a new engine what was open in the one before: what is kept of it, or else the files. `say` names what is missing. */
export async function openAgain(before: Before, job: Job, say: (text: string) => void): Promise<OpenedAgain> {
  const { project, runs, sources } = before;
  const numbers = runs.map(({ run }) => run);
  if (project !== null) {
    try {
      const {
        data,
        missing,
        lost,
        runs: kept,
      } = await engine.openProject(project, job, before.readOnly ? 'read' : undefined);
      if (missing.length > 0) say(missingData(missing));
      const there = new Set(kept.map(({ run }) => run).filter((run) => !lost.includes(run)));
      const gone = numbers.filter((run) => !there.has(run));
      return { project, readOnly: before.readOnly, data, sources, lost: gone };
    } catch (error) {
      // The browser has cleared what was kept: the files may still be there.
      if (sources.model.length === 0) throw error;
    }
  }
  await engine.open(sources.model, job, Math.max(0, before.lastRun, ...numbers));
  // It is another project now.
  const { project: fresh = null } = await engine.keeping();
  return { project: fresh, readOnly: false, ...(await openDataFiles(before, job, say)), lost: numbers };
}

async function openDataFiles({ sources, data: before }: Before, job: Job, say: (text: string) => void) {
  let data: DataReport | null = null;
  const opened: File[] = [];
  for (const file of sources.data) {
    try {
      data = await engine.openData(file, job);
      opened.push(file);
    } catch (error) {
      // The file was changed or removed since it was opened.
      if (!(error instanceof Error && UNREADABLE.has(error.name))) throw error;
    }
  }
  const missing = new Set(sources.data.filter((file) => !opened.includes(file)).map(({ name }) => name));
  // A file that was replaced by a later one is not missed.
  if (missing.size > 0 && JSON.stringify(data) !== JSON.stringify(before)) say(missingData([...missing]));
  return { data, sources: { ...sources, data: opened } };
}

export const missingData = (names: readonly string[]): string =>
  `${listed(names)} cannot be read again: open the data once more.`;

const UNREADABLE: ReadonlySet<string> = new Set(['NotReadableError', 'NotFoundError']);
