import type { LayerReport } from '../../worker/protocol';
import { callback, engine, isCancelled, newJob } from '../engine';
import { sentence } from './jobs';
import type { Slice, SpectraSlice, Studio } from './types';

/**
 * Measures one layer a call, so that the queue stays in the page: the layers in view come first, a new selection is
 * heard at once, and a job that the user waits for costs at most the layer in work.
 */
export const spectraSlice: Slice<SpectraSlice> = (set, get) => {
  let measuring: Promise<void> | null = null;
  return {
    spectra: new Map(),
    spectraPaused: false,
    unmeasured: new Map(),
    measureSpectra() {
      measuring ??= measure().finally(() => {
        measuring = null;
      });
      return measuring;
    },
    resumeSpectra() {
      set({ spectraPaused: false });
      return get().measureSpectra();
    },
  };

  async function measure(): Promise<void> {
    const pace = { work: 0, ms: 0 };
    for (let layer = next(get()); layer && !get().job && !get().spectraPaused; layer = next(get())) {
      const { model, background } = get();
      const { id, name } = layer;
      const left = remaining(get());
      const job = newJob();
      set({
        background: {
          id: job.id,
          kind: 'spectra',
          label: `Measuring spectra: ${name}`,
          ...left.count,
          cancelling: background?.cancelling ?? false,
          ...(pace.ms > 0 && { secondsLeft: ((left.work / pace.work) * pace.ms) / 1000 }),
        },
      });
      const started = performance.now();
      try {
        await engine.spectra(
          [id],
          callback((spectrum) => {
            // The model may have been replaced meanwhile.
            if (get().model === model) set({ spectra: new Map(get().spectra).set(spectrum.id, spectrum) });
          }),
          job,
        );
        pace.work += work(layer);
        pace.ms += performance.now() - started;
        // Without this a layer that told nothing would be asked for for ever.
        if (get().model === model && !get().spectra.has(id)) await settle(() => get().spectra.has(id));
        if (get().model === model && !get().spectra.has(id)) fail(id, 'It has no spectrum.');
      } catch (error) {
        if (get().model === model && !isCancelled(error)) fail(id, sentence(error));
      }
      set({ background: null });
    }
  }

  function fail(id: string, reason: string) {
    set({ unmeasured: new Map(get().unmeasured).set(id, reason) });
    get().notify('warning', reason);
  }
};

/** The callback's message and the call's answer travel on two ports, in no promised order. */
async function settle(arrived: () => boolean): Promise<void> {
  for (let wait = 0; wait < 50 && !arrived(); wait++) await new Promise((resolve) => setTimeout(resolve, 20));
}

function missing({ model, spectra, unmeasured }: Studio): LayerReport[] {
  return (model?.layers ?? []).filter(
    ({ id, compressible }) => compressible && !spectra.has(id) && !unmeasured.has(id),
  );
}

function next(state: Studio): LayerReport | undefined {
  const layers = missing(state).sort((a, b) => work(a) - work(b));
  const selected = new Set(state.selection);
  return layers.find(({ id }) => selected.has(id)) ?? layers[0];
}

function remaining(state: Studio) {
  const layers = missing(state);
  const total = state.model?.layers.filter(({ compressible }) => compressible).length ?? 0;
  return {
    count: { done: total - layers.length, total },
    work: layers.reduce((sum, layer) => sum + work(layer), 0),
  };
}

/** Proportional to the arithmetic of a factorisation: the short side squared times the long one, once per unfolding. */
function work({ shape }: LayerReport): number {
  const [out, inner, ...kernel] = shape;
  const taps = kernel.reduce((product, size) => product * size, 1);
  const factor = (rows: number, columns: number) => Math.min(rows, columns) ** 2 * Math.max(rows, columns);
  return factor(out, inner * taps) + (taps > 1 ? factor(inner, out * taps) : 0);
}
