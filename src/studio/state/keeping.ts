import type { StoreApi } from 'zustand/vanilla';
import { engine } from '../engine';
import { forgetUnkept, rememberUnkept, setTabsProject } from './tab';
import type { KeepingSlice, Workbench } from './types/projects';
import type { Slice, Studio } from './types/studio';
import { packWorkbench } from './workbench';

/** How long changes are collected: a slider in motion changes the state at every frame. */
const COLLECT_MS = 300;

const FIELDS: readonly (keyof Workbench)[] = [
  'stacks',
  'included',
  'settings',
  'step',
  'fixedRecipe',
  'selection',
  'sort',
  'descending',
  'filter',
  'spectraPaused',
  'ranStacks',
  'currentRun',
  'interrupted',
  'provider',
  'goal',
  'searchSettings',
  'comparing',
  'proposals',
  'past',
  'future',
];

export const keepingSlice: Slice<KeepingSlice> = (_, get) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** What the engine was given last and has not kept yet: it hears nothing in the middle of a step of its work. */
  let onItsWay: Promise<void> | undefined;
  /** The page's part of the open project, where it has changed since it was kept. */
  const takeChanged = () => {
    clearTimeout(timer);
    timer = undefined;
    const { project, readOnly } = get();
    return project === null || readOnly ? undefined : { project, page: packWorkbench(get()) };
  };
  const keepNow = () => {
    const changed = timer !== undefined && takeChanged();
    if (!changed) return;
    // What a page that came back from the browser's cache remembered when it was left is older.
    forgetUnkept();
    // Where it cannot be kept, the engine reports that by itself.
    const kept = engine.keepPage(changed.project, changed.page).catch(() => undefined);
    onItsWay = kept;
    void kept.then(() => {
      if (onItsWay === kept) onItsWay = undefined;
    });
  };
  return {
    keepSoon() {
      timer ??= setTimeout(keepNow, COLLECT_MS);
    },
    keepNow,
    keepForReload() {
      const changed = (timer !== undefined || onItsWay !== undefined) && takeChanged();
      if (changed) rememberUnkept(changed.project, changed.page);
    },
  };
};

/** Keeps the page's part of the open project whenever it changes, and which project this tab has open. */
export function keepChanges({ subscribe }: Pick<StoreApi<Studio>, 'subscribe'>): void {
  subscribe((state, before) => {
    if (state.project !== before.project) setTabsProject(state.project);
    // What a project is opened with is no change of it.
    const isOpened = state.model !== before.model || state.project !== before.project;
    if (!isOpened && FIELDS.some((field) => state[field] !== before[field])) state.keepSoon();
  });
}

/** Keeps what has changed when the page is hidden or closed: there may be no later moment. */
export function keepBeforeLeaving({ getState }: Pick<StoreApi<Studio>, 'getState'>): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') getState().keepNow();
  });
  // The engine's worker ends with the page and hears of nothing any more.
  window.addEventListener('pagehide', () => getState().keepForReload());
}
