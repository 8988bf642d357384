import type { LayersSlice } from './types/layers';
import type { Slice } from './types/studio';

export const layersSlice: Slice<LayersSlice> = (set, get) => ({
  selection: [],
  sort: 'order',
  descending: false,
  filter: '',
  select(ids) {
    const wanted = new Set(ids);
    set({ selection: (get().model?.layers ?? []).filter(({ id }) => wanted.has(id)).map(({ id }) => id) });
  },
  setSort(sort, descending) {
    // The large and the compressible ones are looked for, so figures begin with the largest and errors with the least.
    set({ sort, descending: descending ?? !['order', 'name', 'error', 'damage'].includes(sort) });
  },
  setFilter(filter) {
    set({ filter });
  },
});
