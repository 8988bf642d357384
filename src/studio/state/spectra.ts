import { Pace } from '../../engine/core/pace';
import { factorisationCost } from '../../engine/methods/work';
import type { LayerReport, LayerSpectrum } from '../../worker/protocol';
import { callback, engine, isCancelled, newJob } from '../engine';
import { sentence } from './jobs';
import type { SpectraSlice } from './types/layers';
import type { Slice, Studio } from './types/studio';

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
    const { model } = get();
    const arrived = new Map<string, LayerSpectrum>();
    const pace = new Pace();
    let shown = performance.now();
    // Each showing draws charts and rows anew: a thousand small layers must not do so one by one.
    const show = () => {
      if (arrived.size > 0 && get().model === model) set({ spectra: new Map([...get().spectra, ...arrived]) });
      arrived.clear();
      shown = performance.now();
    };
    const goesOn = () =>
      get().model === model && !get().job && !get().previewing && !get().spectraPaused && !get().restarting;
    for (let layer = next(get(), arrived); layer && goesOn(); layer = next(get(), arrived)) {
      const { id } = layer;
      const job = newJob();
      set({ background: { id: job.id, kind: 'spectra', cancelling: false, ...progress(get(), arrived, layer, pace) } });
      const started = performance.now();
      try {
        await engine.spectra(
          [id],
          callback((spectrum) => arrived.set(spectrum.id, spectrum)),
          job,
        );
        await settle(() => arrived.has(id));
        if (!arrived.has(id))
          throw new Error(`${layer.name} came back without a spectrum: reload the page to try again.`);
        pace.observe('spectrum', work(layer), performance.now() - started);
      } catch (error) {
        if (get().model === model && !isCancelled(error)) fail(id, sentence(error));
      }
      const { selection } = get();
      const waitedFor = selection.length === 1 && selection[0] === id;
      if (waitedFor || performance.now() - shown > Math.max(SHOW_EVERY_MS, model?.layers.length ?? 0)) show();
    }
    show();
    set({ background: null });
    // A model that was opened meanwhile has layers of its own.
    if (get().model !== model && !get().job) setTimeout(() => void get().measureSpectra());
  }

  function fail(id: string, reason: string) {
    const unmeasured = new Map(get().unmeasured).set(id, reason);
    set({ unmeasured });
    // The workbench gives every layer's reason; a backend that fails for all must not fill the page.
    if (unmeasured.size <= MOST_NOTICES) get().notify('warning', reason);
  }
};

/** And a millisecond for every layer, since what there is to draw grows with them. */
const SHOW_EVERY_MS = 200;
const MOST_NOTICES = 3;

/** The callback's message and the call's answer travel on two ports, in no promised order. */
async function settle(arrived: () => boolean): Promise<void> {
  for (let wait = 0; wait < 50 && !arrived(); wait++) await new Promise((resolve) => setTimeout(resolve, 20));
}

type Arrived = ReadonlyMap<string, LayerSpectrum>;

function missing({ model, spectra, unmeasured }: Studio, arrived: Arrived): LayerReport[] {
  return (model?.layers ?? []).filter(
    ({ id, compressible }) => compressible && !spectra.has(id) && !arrived.has(id) && !unmeasured.has(id),
  );
}

function next(state: Studio, arrived: Arrived): LayerReport | undefined {
  const layers = missing(state, arrived).sort((a, b) => work(a) - work(b));
  const selected = new Set(state.selection);
  return layers.find(({ id }) => selected.has(id)) ?? layers[0];
}

function progress(state: Studio, arrived: Arrived, layer: LayerReport, pace: Pace) {
  const left = missing(state, arrived);
  const total = state.model?.layers.filter(({ compressible }) => compressible).length ?? 0;
  const secondsLeft = pace.secondsLeft(left.map((each) => ({ kind: 'spectrum', cost: work(each) })));
  return {
    label: `Measuring spectra: ${layer.name}`,
    done: total - left.length,
    total,
    ...(secondsLeft !== undefined && { secondsLeft }),
  };
}

const work = ({ shape }: LayerReport): number => factorisationCost(shape);
