import { useEffect, useState } from 'react';
import { type LayerReport, type LayerTimes, PRIORITY } from '../../engine/page/light';
import { callback, engine } from '../engine';
import { isBusy } from '../state/jobs';
import { stackOf } from '../state/recipe';
import { useStudio } from '../store';

/**
 * A slider rests when its value has not changed for this long: longer than the pause between two steps of a held key.
 */
const RESTS_AFTER_MS = 40;

interface Known {
  /** Of the open model: a layer of another model may have the same id. */
  readonly layer: LayerReport;
  /** The question that it answers. */
  readonly key: string;
  /** null: there is nothing to compare. */
  readonly answer: LayerTimes | null;
  /** Whether all numbers of tokens are measured. */
  readonly isComplete: boolean;
}

/**
 * Measures products of a layer under its stack: first from the plan, as soon as the steps rest, with figures as they come;
 * then once more when a trial has made the weight itself. A change of the steps cancels the measurement. `isFresh`: the
 * times belong to the steps as they are now.
 */
export function useLayerTimes(
  layer: LayerReport,
  wanted: boolean,
): { readonly times: LayerTimes | undefined; readonly isFresh: boolean } {
  const [known, setKnown] = useState<Known | null>(null);
  const question = useStudio((state) => state.trialKey(layer.id));
  const isTried = useStudio(({ trial }) => trial?.key === question && trial.result !== undefined);
  const busy = useStudio(isBusy);
  // Some budgets need it.
  const hasSpectrum = useStudio(({ spectra }) => spectra.has(layer.id));
  const backend = useStudio(({ engine }) => engine?.backend.description);
  const key = JSON.stringify([question, isTried, hasSpectrum, backend]);
  const isFresh = known?.layer === layer && known.key === key;
  const isComplete = isFresh && known.isComplete;
  useEffect(() => {
    if (!wanted || busy || isComplete) return;
    const controller = new AbortController();
    const show: Show = (answer, isComplete) => setKnown({ layer, key, answer, isComplete });
    const timer = setTimeout(() => void measure(layer, controller.signal, show), RESTS_AFTER_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [layer, wanted, busy, isComplete, key]);
  const times = known?.layer === layer ? (known.answer ?? undefined) : undefined;
  return { times: wanted ? times : undefined, isFresh };
}

type Show = (times: LayerTimes | null, isComplete: boolean) => void;

async function measure(layer: LayerReport, signal: AbortSignal, show: Show): Promise<void> {
  const { model, stacks, spectra, trains, enqueue, restarting } = useStudio.getState();
  if (restarting) return;
  const known = { spectrum: spectra.get(layer.id), train: trains.get(layer.id) };
  try {
    const answer = await enqueue({
      kind: 'times',
      label: `Timing ${layer.name}`,
      priority: PRIORITY.preview,
      yieldsTo: PRIORITY.foreground,
      signal,
      call: (job) => {
        // Another model was opened while the measurement waited.
        if (useStudio.getState().model !== model) throw new DOMException('The model was closed.', 'AbortError');
        const onTimes = callback((times: LayerTimes) => {
          // Times with the weights of a trial replace whole ones, all at once.
          if (!signal.aborted && times.values === 'random') show(times, false);
        });
        return engine.layerTimes(layer.id, stackOf(stacks, layer.id), known, onTimes, job);
      },
    });
    if (!signal.aborted) show(answer, true);
  } catch {
    // Trials and jobs say what is wrong with a backend that fails.
    // After a restart of the engine they are measured again.
    if (!signal.aborted && !useStudio.getState().restarting) show(null, true);
  }
}
