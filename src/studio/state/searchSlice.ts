import type { DataReport } from '../../engine/page/light';
import { callback, engine } from '../engine';
import { FIRST_GOAL, FIRST_SETTINGS } from '../goal/limits';
import { isRunning } from './jobs';
import type { Search, SearchSlice } from './types/search';
import type { Slice, Studio } from './types/studio';

/** How often the dots of a search at work are kept: each time, all of them are written. */
const KEEP_EVERY_MS = 5000;

export const searchSlice: Slice<SearchSlice> = (set, get) => {
  /** Resolves when the search that was started last has ended. */
  let atWork: Promise<void> = Promise.resolve();

  async function search(): Promise<void> {
    const { model, goal, searchSettings } = get();
    if (!model) return;
    const data = given(get().data);
    const before = get().search;
    let lastKept = performance.now();
    let isAtWork = true;
    let isFailed = false;
    const show = (report: Search['report'], ended?: Search['ended']) => {
      if (get().model === model) set({ search: { report, data, ...(ended && { ended }) } });
    };
    const onReport = (report: Search['report']) => {
      // Reports come by another port than the answer, maybe after it.
      if (!isAtWork) return;
      show(report);
      if (performance.now() - lastKept < KEEP_EVERY_MS) return;
      lastKept = performance.now();
      get().keepSoon();
    };
    const report = await get().runJob('search', 'Searching for recipes', async (job, signal) => {
      set({ shownPoint: null });
      try {
        return await engine.search(goal, searchSettings, callback(onReport), job);
      } catch (error) {
        isFailed = !signal.aborted && !get().restarting;
        throw error;
      }
    });
    isAtWork = false;
    const found = get().search;
    if (report) show(report, 'done');
    else if (found && found !== before) show(found.report, isFailed ? 'failed' : 'stopped');
    get().keepSoon();
  }

  return {
    goal: FIRST_GOAL,
    searchSettings: FIRST_SETTINGS,
    search: null,
    shownPoint: null,
    setGoal(goal) {
      set({ goal });
    },
    setSearchSettings(searchSettings) {
      set({ searchSettings });
    },
    startSearch() {
      atWork = search();
      return atWork;
    },
    forgetSearch() {
      set({ search: null, shownPoint: null });
      get().keepSoon();
    },
    showPoint(shownPoint) {
      set({ shownPoint });
    },
    async takePoint(id) {
      const point = get().search?.report.points.find((one) => one.id === id);
      return point !== undefined && get().applyRecipe(point.recipe, `The recipe “${point.title}”`);
    },
    async compressPoint(id) {
      if (isRunning('search')(get())) {
        get().cancel();
        await atWork;
      }
      if (await get().takePoint(id)) await get().compress();
    },
  };
};

/** Whether the dots were measured on other data than are open now. */
export function isOfOtherData({ search, data }: Pick<Studio, 'search' | 'data'>): boolean {
  return search !== null && JSON.stringify(search.data) !== JSON.stringify(given(data));
}

/** Generated inputs are the same for a model, however often they are generated. */
const given = (data: DataReport | null): DataReport | null => (data?.generated ? null : data);
