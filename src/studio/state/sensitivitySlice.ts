import { PRIORITY } from '../../engine/page/light';
import { callback, engine, isCancelled } from '../engine';
import { withCells } from '../sensitivity/choose';
import { BEST } from '../sensitivity/map';
import { sentence } from './jobs';
import { lastNoticeId } from './notices';
import type { SensitivitySlice } from './types/sensitivity';
import type { Slice } from './types/studio';

export const sensitivitySlice: Slice<SensitivitySlice> = (set, get) => {
  let stopping = new AbortController();
  return {
    sensitivity: null,
    sensitivityRequest: null,
    mapLine: BEST,
    mapLevel: null,
    layerFigures: 'spectrum',
    async measureSensitivity(request) {
      const { model } = get();
      if (!model) return;
      const earlier = lastNoticeId(get());
      stopping = new AbortController();
      const show = (sensitivity: SensitivitySlice['sensitivity']) => {
        if (get().model === model) set({ sensitivity });
      };
      // Whoever measures damage wants to see it.
      set({ sensitivityRequest: request, layerFigures: 'damage' });
      try {
        const report = await get().enqueue({
          kind: 'sensitivity',
          label: 'Measuring sensitivity',
          priority: PRIORITY.background,
          // Measured cells are kept, so that it goes on where it was.
          yieldsTo: PRIORITY.preview,
          signal: stopping.signal,
          call: (job) => {
            // Another model was opened while this waited.
            if (get().model !== model) throw new DOMException('The model was closed.', 'AbortError');
            return engine.sensitivity(request, callback(show), job);
          },
        });
        show(report);
        get().clearErrorsBefore(earlier);
      } catch (error) {
        if (!isCancelled(error) && get().model === model) get().notify('error', sentence(error));
      }
    },
    async showKnownSensitivity() {
      const { model } = get();
      try {
        const known = await engine.knownSensitivity();
        if (!known || get().model !== model || get().sensitivity) return;
        set({ sensitivity: known.report, sensitivityRequest: known.request });
      } catch (error) {
        if (!isCancelled(error)) get().notify('error', sentence(error));
      }
    },
    stopSensitivity() {
      stopping.abort();
    },
    showLine(mapLine) {
      set({ mapLine });
    },
    showLevel(mapLevel) {
      set({ mapLevel });
    },
    showFigures(layerFigures) {
      const { sort } = get();
      set({
        layerFigures,
        ...(layerFigures === 'spectrum' && sort === 'damage' && { sort: 'order', descending: false }),
      });
    },
    chooseCells(choice, what) {
      const { model, stacks, included } = get();
      const changed = model?.layers.filter(({ id }) => choice.get(id)?.steps).map(({ id }) => id) ?? [];
      const selection = changed.length > 0 ? { selection: changed } : {};
      get().edit({ ...withCells({ stacks, included }, choice), fixedRecipe: null, ...selection, step: 0 }, what);
    },
  };
};
