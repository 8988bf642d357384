import { withCells } from '../sensitivity/choose';
import { BEST } from '../sensitivity/map';
import type { SensitivitySlice } from './types/sensitivity';
import type { Slice } from './types/studio';

export const sensitivitySlice: Slice<SensitivitySlice> = (set, get) => {
  return {
    sensitivity: null,
    mapLine: BEST,
    mapLevel: null,
    layerFigures: 'spectrum',
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
