import { PRIORITY } from '../../engine/page/light';
import { engine, isCancelled } from '../engine';
import { sentence } from './jobs';
import { peersOf, stackKey, stackOf } from './recipe';
import type { Slice } from './types/studio';
import type { TrialSlice } from './types/trials';

/** How long nothing must change before a stack is tried: a slider in motion starts no trial. */
const SETTLED_MS = 350;

/**
 * Tries the stack in view on one layer, in the background: before the measuring of spectra and after jobs of the user. A
 * trial whose question has changed is cancelled.
 */
export const trialSlice: Slice<TrialSlice> = (set, get) => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The trial that runs or waits in the queue. */
  let current: { readonly key: string; readonly controller: AbortController } | undefined;
  return {
    trial: null,
    trains: new Map(),
    trialKey(id) {
      const { stacks, included, sources, settings } = get();
      const question = [
        stackKey(stackOf(stacks, id)),
        settings.seed ?? 0,
        peersOf(stacks, included, id),
        // Files of one name may differ, and data for calibration may lie beside the data that the page names.
        sources?.data.map(({ name, size, lastModified }) => [name, size, lastModified]),
      ];
      return JSON.stringify([id, ...question]);
    },
    tryStack(id) {
      clearTimeout(timer);
      const key = get().trialKey(id);
      if (current?.key === key) return;
      cancelCurrent();
      if (get().trial?.key !== key) timer = setTimeout(() => void start(id), SETTLED_MS);
    },
    tryAgain(id) {
      set({ trial: null });
      void start(id);
    },
  };

  function cancelCurrent(): void {
    current?.controller.abort();
    current = undefined;
  }

  async function start(id: string): Promise<void> {
    const { model, stacks, included, settings, trialKey } = get();
    const layer = model?.layers.find((one) => one.id === id);
    // The card asks again when the engine has been restarted.
    if (!layer || get().restarting) return;
    const key = trialKey(id);
    const stack = stackOf(stacks, id);
    const peers = peersOf(stacks, included, id);
    const controller = new AbortController();
    cancelCurrent();
    current = { key, controller };
    const label = `Trying the steps on ${layer.name}`;
    try {
      const result = await get().enqueue({
        kind: 'preview',
        label,
        priority: PRIORITY.preview,
        yieldsTo: PRIORITY.foreground,
        signal: controller.signal,
        call: (job) => {
          // Another model was opened while the trial waited: its layers are other ones.
          if (get().model !== model) throw new DOMException('The model was closed.', 'AbortError');
          const onProgress = (progress: Parameters<NonNullable<typeof job.onProgress>>[0]) =>
            job.onProgress?.({ ...progress, label });
          return engine.preview(id, stack, { peers, seed: settings.seed }, { ...job, onProgress });
        },
      });
      if (get().model !== model) return;
      if (result.train) set({ trains: new Map([...get().trains, [id, result.train]]) });
      if (trialKey(id) === key) set({ trial: { key, result } });
    } catch (error) {
      if (get().model !== model || controller.signal.aborted || get().restarting) return;
      // Cancelled by the user.
      if (isCancelled(error)) set({ trial: { key } });
      else set({ trial: { key, fault: sentence(error) } });
    } finally {
      if (current?.controller === controller) current = undefined;
    }
  }
};
