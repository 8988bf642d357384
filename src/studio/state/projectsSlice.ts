import { OPEN_ELSEWHERE } from '../../engine/page/light';
import { engine } from '../engine';
import { sentence } from './jobs';
import { missingData } from './openAgain';
import { openedState } from './opened';
import { setTabsProject, tabsProject, takeUnkept } from './tab';
import type { ProjectsSlice } from './types/projects';
import type { Slice } from './types/studio';
import { unpackWorkbench } from './workbench';

/** Whether what is open is there again after a reload. */
export const isKept = ({
  keeping,
  project,
  readOnly,
}: Pick<ProjectsSlice, 'keeping' | 'project' | 'readOnly'>): boolean =>
  project !== null && !readOnly && keeping?.project === project && keeping.state === 'kept';

/** Why something was not kept, where it was said already. */
const said = new Set<string>();

export const projectsSlice: Slice<ProjectsSlice> = (set, get) => ({
  projects: [],
  space: null,
  project: null,
  keeping: null,
  readOnly: false,
  openElsewhere: null,
  reopening: tabsProject() !== null,

  async listProjects() {
    try {
      set({ projects: await engine.projects(), space: await spaceOf() });
    } catch {
      // Where nothing is kept there is nothing to list; the engine reports why.
      set({ projects: [], space: null });
    }
  },

  async openProject(id, how) {
    if (!(await get().started(true))) return false;
    get().keepNow();
    set({ openElsewhere: null });
    const name = get().projects.find((one) => one.id === id)?.name ?? 'the model';
    let isElsewhere = false;
    const opened = await get().runJob('open', `Opening ${name}`, async (job) => {
      try {
        return await engine.openProject(id, job, how);
      } catch (error) {
        if (!(error instanceof Error && error.name === OPEN_ELSEWHERE)) throw error;
        isElsewhere = true;
        return undefined;
      }
    });
    if (isElsewhere) set({ openElsewhere: { id, name } });
    if (!opened) return false;
    const unkept = takeUnkept(id);
    const workbench = unpackWorkbench(unkept ?? opened.page, opened.report);
    set({ ...openedState({ ...opened, workbench }), project: id, readOnly: how === 'read' });
    if (unkept !== undefined) get().keepSoon();
    get().sayWhereNotKept();
    if (opened.missing.length > 0) get().notify('warning', missingData(opened.missing));
    void get().showKnownSensitivity();
    void get().proposeWhereNone();
    void get().measureSpectra();
    return true;
  },

  async openTabsProject() {
    const id = tabsProject();
    // What cannot be opened is said once, not after every reload.
    if (id !== null && !(await get().openProject(id)) && get().openElsewhere === null) setTabsProject(null);
    set({ reopening: false });
  },

  async removeProject(id) {
    try {
      await engine.removeProject(id);
    } catch (error) {
      get().notify('error', sentence(error));
    }
    await get().listProjects();
  },

  closeQuestion() {
    set({ openElsewhere: null });
  },

  keepingChanged(keeping) {
    const before = get().keeping;
    set({ keeping });
    // Another tab has taken the project over.
    if (
      before?.project !== undefined &&
      before.project === get().project &&
      keeping.project === undefined &&
      keeping.note
    )
      set({ readOnly: true });
    if (keeping.note !== undefined) get().sayWhereNotKept();
  },

  sayWhereNotKept() {
    const { keeping, model } = get();
    const note = model ? keeping?.note : undefined;
    if (note === undefined || said.has(note)) return;
    said.add(note);
    get().notify('warning', note);
  },
});

async function spaceOf(): Promise<ProjectsSlice['space']> {
  const { usage, quota } = (await navigator.storage?.estimate?.()) ?? {};
  return usage !== undefined && quota ? { used: usage, most: quota } : null;
}
