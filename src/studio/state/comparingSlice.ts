import type { StoreApi } from 'zustand/vanilla';
import { PRIORITY } from '../../engine/page/light';
import { engine, isCancelled } from '../engine';
import { isBrokenRuntime, sentence } from './jobs';
import { sampleLimit } from './runsSlice';
import type { ComparingSlice } from './types/comparing';
import type { Slice, Studio } from './types/studio';

export const comparingSlice: Slice<ComparingSlice> = (set, get) => {
  /** Ends the measurement under way when another one is wanted. */
  let latest = new AbortController();
  return {
    comparing: {},
    original: null,
    originalFault: null,
    setComparing(part) {
      set({ comparing: { ...get().comparing, ...part } });
    },
    async measureOriginal() {
      latest.abort();
      latest = new AbortController();
      const { signal } = latest;
      set({ original: null, originalFault: null });
      const { data, provider, comparing } = get();
      if (!data?.labelled) return;
      try {
        const original = await get().enqueue({
          kind: 'original',
          label: 'Measuring the accuracy of the original',
          priority: PRIORITY.background,
          yieldsTo: PRIORITY.preview,
          signal,
          call: (job) =>
            engine.evaluateOriginal(provider, job, { samples: sampleLimit(get()), kinds: comparing.kinds }),
        });
        if (!signal.aborted) set({ original });
      } catch (error) {
        if (!signal.aborted && !isCancelled(error)) set({ originalFault: sentence(error) });
        if (isBrokenRuntime(error)) void get().restart('The engine was started again, to have its memory back.');
      }
    },
  };
};

/**
 * Measures the original as soon as a model and data with labels are open, and again when what it is measured with changes.
 * An engine that was started again has the same data: what ended the first one must not end it too.
 */
export function measureOriginals({ subscribe }: Pick<StoreApi<Studio>, 'subscribe'>): void {
  subscribe((state, before) => {
    const isSame =
      state.model === before.model &&
      state.data === before.data &&
      state.provider === before.provider &&
      state.comparing.samples === before.comparing.samples;
    if (!isSame && !state.restarting) void state.measureOriginal();
  });
}
