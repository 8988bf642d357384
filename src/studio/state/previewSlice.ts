import { engine, isCancelled, newJob } from '../engine';
import { sentence } from './jobs';
import { peersOf, stackKey, stackOf } from './recipe';
import type { Slice } from './types/studio';
import type { PreviewSlice } from './types/trials';

/** How long nothing must change before a stack is tried: a slider on its way asks for nothing. */
const SETTLED_MS = 350;

/**
 * Tries the stack in view on one layer, in the background: the measuring of spectra waits for it, and it never runs
 * beside a job. A trial whose question has changed is cancelled, and its answer dropped.
 */
export const previewSlice: Slice<PreviewSlice> = (set, get) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: string | undefined;
  return {
    trial: null,
    trains: new Map(),
    previewing: null,
    trialKey(id) {
      const { stacks, included, sources, settings } = get();
      const told = [
        stackKey(stackOf(stacks, id)),
        settings.seed ?? 0,
        peersOf(stacks, included, id),
        // Files of one name may differ, and data for calibration may lie beside the data that the page names.
        sources?.data.map(({ name, size, lastModified }) => [name, size, lastModified]),
      ];
      return JSON.stringify([id, ...told]);
    },
    tryStack(id) {
      clearTimeout(timer);
      const { previewing, trial, trialKey } = get();
      const key = trialKey(id);
      if (previewing && running !== key) engine.cancel(previewing.id).catch(() => undefined);
      if (trial?.key !== key) timer = setTimeout(() => void start(id), SETTLED_MS);
    },
    tryAgain(id) {
      set({ trial: null });
      void start(id);
    },
  };

  async function start(id: string): Promise<void> {
    const { model, job: busy, previewing, stacks, included, settings, trialKey } = get();
    const layer = model?.layers.find((one) => one.id === id);
    // When either has ended, the card asks again.
    if (!layer || busy || previewing || get().restarting) return;
    const key = trialKey(id);
    const stack = stackOf(stacks, id);
    const peers = peersOf(stacks, included, id);
    const job = newJob((progress) =>
      set(({ previewing: now }) => (now?.id === job.id ? { previewing: { ...now, ...progress, label } } : {})),
    );
    const label = `Trying the steps on ${layer.name}`;
    running = key;
    set({ previewing: { id: job.id, kind: 'preview', label, done: 0, total: stack.length, cancelling: false } });
    try {
      // Ends with the layer in work, as a trial is under way.
      await get().measureSpectra();
      if (get().job || get().model !== model || get().restarting) return;
      const result = await engine.preview(id, stack, { peers, seed: settings.seed }, job);
      if (get().model !== model) return;
      if (result.train) set({ trains: new Map([...get().trains, [id, result.train]]) });
      if (trialKey(id) === key) set({ trial: { key, result } });
    } catch (error) {
      if (get().model !== model) return;
      if (!isCancelled(error)) set({ trial: { key, fault: sentence(error) } });
      // Cancelled by a new question or a job, it is simply asked again.
      else if (get().previewing?.cancelling) set({ trial: { key } });
    } finally {
      running = undefined;
      set({ previewing: null });
      void get().measureSpectra();
    }
  }
};
