import {
  factorisationCost,
  type Job,
  type LayerReport,
  type LayerSpectrum,
  type ModelReport,
  Pace,
  PRIORITY,
} from '../../engine/page/light';
import { callback, engine, isCancelled } from '../engine';
import { sentence } from './jobs';
import type { SpectraSlice } from './types/layers';
import type { Slice, Studio } from './types/studio';

/** How long measured spectra are collected before they are shown: each showing draws all charts and rows again. */
const SHOW_EVERY_MS = 200;
/** More warnings about single layers would fill the page. */
const MOST_WARNINGS = 3;

/**
 * Measures spectra in the background, one layer a job: layers in view come first, a new selection counts at once, and
 * jobs of the user and figures that are wanted at once pause at most one layer.
 */
export const spectraSlice: Slice<SpectraSlice> = (set, get) => {
  let measuring: Promise<void> | null = null;
  return {
    spectra: new Map(),
    spectraPaused: false,
    unmeasured: new Map(),
    measureSpectra() {
      const { model } = get();
      if (!model) return Promise.resolve();
      measuring ??= measureAll(model).finally(() => {
        measuring = null;
        // Another model was opened meanwhile.
        if (get().model !== model) void get().measureSpectra();
      });
      return measuring;
    },
    resumeSpectra() {
      set({ spectraPaused: false });
      return get().measureSpectra();
    },
  };

  async function measureAll(model: ModelReport): Promise<void> {
    const arrived = new Map<string, LayerSpectrum>();
    const pace = new Pace();
    let shownAt = performance.now();
    const show = () => {
      if (arrived.size > 0 && get().model === model) set({ spectra: new Map([...get().spectra, ...arrived]) });
      arrived.clear();
      shownAt = performance.now();
    };
    const goesOn = () => get().model === model && !get().spectraPaused && !get().restarting;
    for (let layer = next(get(), arrived); layer && goesOn(); layer = next(get(), arrived)) {
      let measured = layer;
      try {
        await get().enqueue({
          kind: 'spectra',
          label: `Measuring spectra: ${layer.name}`,
          priority: PRIORITY.background,
          yieldsTo: PRIORITY.figures,
          call: async (job) => {
            // Jobs of the user may have come first, and the selection may have changed meanwhile.
            const now = goesOn() ? next(get(), arrived) : undefined;
            if (now) await measure((measured = now), arrived, pace, job);
          },
        });
      } catch (error) {
        if (get().model === model && !isCancelled(error)) fail(measured.id, sentence(error));
      }
      const { selection } = get();
      const isInView = selection.length === 1 && selection[0] === measured.id;
      // A millisecond more for every layer: what is drawn grows with them.
      if (isInView || performance.now() - shownAt > Math.max(SHOW_EVERY_MS, model.layers.length)) show();
    }
    show();
  }

  async function measure(layer: LayerReport, arrived: Map<string, LayerSpectrum>, pace: Pace, job: Job): Promise<void> {
    const { id, name } = layer;
    job.onProgress?.(progress(get(), arrived, layer, pace));
    const started = performance.now();
    await engine.spectra(
      [id],
      callback((spectrum) => arrived.set(spectrum.id, spectrum)),
      { id: job.id },
    );
    await settle(() => arrived.has(id));
    if (!arrived.has(id)) throw new Error(`${name} came back without a spectrum: reload the page to try again.`);
    pace.observe('spectrum', workOf(layer), performance.now() - started);
  }

  function fail(id: string, reason: string) {
    const unmeasured = new Map(get().unmeasured).set(id, reason);
    set({ unmeasured });
    // The workbench shows the reason of every layer; a backend that fails for all layers must not fill the page.
    if (unmeasured.size <= MOST_WARNINGS) get().notify('warning', reason);
  }
};

/** The callback's message and the call's answer travel on two ports, in no fixed order. */
async function settle(arrived: () => boolean): Promise<void> {
  for (let wait = 0; wait < 50 && !arrived(); wait++) await new Promise((resolve) => setTimeout(resolve, 20));
}

type Arrived = ReadonlyMap<string, LayerSpectrum>;

function missing({ model, spectra, unmeasured }: Studio, arrived: Arrived): LayerReport[] {
  return (model?.layers ?? []).filter(
    ({ id, compressible }) => compressible && !spectra.has(id) && !arrived.has(id) && !unmeasured.has(id),
  );
}

/** The least work first, so that many layers are there soon. */
function next(state: Studio, arrived: Arrived): LayerReport | undefined {
  const layers = missing(state, arrived).sort((a, b) => workOf(a) - workOf(b));
  const selected = new Set(state.selection);
  return layers.find(({ id }) => selected.has(id)) ?? layers[0];
}

function progress(state: Studio, arrived: Arrived, layer: LayerReport, pace: Pace) {
  const left = missing(state, arrived);
  const total = state.model?.layers.filter(({ compressible }) => compressible).length ?? 0;
  const secondsLeft = pace.secondsLeft(left.map((each) => ({ kind: 'spectrum', cost: workOf(each) })));
  return {
    label: `Measuring spectra: ${layer.name}`,
    done: total - left.length,
    total,
    ...(secondsLeft !== undefined && { secondsLeft }),
  };
}

const workOf = ({ shape }: LayerReport): number => factorisationCost(shape);
