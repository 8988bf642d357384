import { useEffect, useState } from 'react';
import { type LayerReport, type LayerTimes, PRIORITY } from '../../engine/page/light';
import { callback, engine, isCancelled } from '../engine';
import { isBusy, nameOf, sentence, shownJob } from '../state/jobs';
import { stackOf } from '../state/recipe';
import { useStudio } from '../store';

/**
 * A slider rests when its value has not changed for this long: longer than the pause between two steps of a held key.
 */
const RESTS_AFTER_MS = 40;

interface Known {
  /** Of the open model: a layer of another model may have the same id. */
  readonly layer: LayerReport;
  /** The steps and the backend that it was measured for. */
  readonly subject: string;
  /** The subject, and what was known when it was measured. */
  readonly key: string;
  /** null: there is nothing to compare. */
  readonly answer: LayerTimes | null;
  /** Why there is no answer. */
  readonly fault?: string | undefined;
  /** Whether all numbers of tokens are measured. */
  readonly isComplete: boolean;
}

export interface ShownTimes {
  readonly times: LayerTimes | undefined;
  /** The times belong to the steps as they are now, on this backend. */
  readonly isFresh: boolean;
  /** Why there are no times of the steps as they are now; a sentence. */
  readonly why: string | undefined;
}

/**
 * Measures products of a layer under its stack: first from the plan, as soon as the steps rest, with figures as they come;
 * then once more when a trial has made the weight itself. A change of the steps cancels the measurement.
 */
export function useLayerTimes(layer: LayerReport, wanted: boolean): ShownTimes {
  const [known, setKnown] = useState<Known | null>(null);
  const question = useStudio((state) => state.trialKey(layer.id));
  const isTried = useStudio(({ trial }) => trial?.key === question && trial.result !== undefined);
  const busy = useStudio(isBusy);
  // Some budgets need it.
  const hasSpectrum = useStudio(({ spectra }) => spectra.has(layer.id));
  const backend = useStudio(({ engine }) => engine?.backend.description);
  const subject = JSON.stringify([question, backend]);
  const key = JSON.stringify([subject, isTried, hasSpectrum]);
  const isFresh = known?.layer === layer && known.subject === subject;
  const isComplete = isFresh && known.key === key && known.isComplete;
  // Only where it is shown: it changes with every layer of a long job.
  const inTheWay = useStudio((state) => {
    const job = isFresh ? undefined : shownJob(state);
    return job && job.kind !== 'times' ? nameOf(job) : undefined;
  });
  useEffect(() => {
    if (!wanted || busy || isComplete) return;
    const controller = new AbortController();
    const show: Show = (found) =>
      setKnown((before) => {
        // Whole times of the same steps are replaced all at once.
        const isSame = before?.layer === layer && before.subject === subject;
        const isWorse = !found.isComplete && isSame && before.answer && before.isComplete;
        return isWorse ? before : { ...found, layer, subject, key };
      });
    const timer = setTimeout(() => void measure(layer, controller.signal, show), RESTS_AFTER_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [layer, wanted, busy, isComplete, subject, key]);
  const times = known?.layer === layer ? (known.answer ?? undefined) : undefined;
  return {
    times: wanted ? times : undefined,
    isFresh,
    why: !wanted ? undefined : isFresh ? known.fault : inTheWay && `Timing waits for: ${inTheWay}.`,
  };
}

type Show = (found: Pick<Known, 'answer' | 'fault' | 'isComplete'>) => void;

async function measure(layer: LayerReport, signal: AbortSignal, show: Show): Promise<void> {
  const { model, stacks, spectra, trains, enqueue, restarting } = useStudio.getState();
  if (restarting) return;
  const known = { spectrum: spectra.get(layer.id), train: trains.get(layer.id) };
  try {
    const answer = await enqueue({
      kind: 'times',
      label: `Timing ${layer.name}`,
      priority: PRIORITY.figures,
      yieldsTo: PRIORITY.foreground,
      signal,
      call: (job) => {
        // Another model was opened while the measurement waited.
        if (useStudio.getState().model !== model) throw new DOMException('The model was closed.', 'AbortError');
        const onTimes = callback((times: LayerTimes) => {
          if (!signal.aborted) show({ answer: times, isComplete: false });
        });
        return engine.layerTimes(layer.id, stackOf(stacks, layer.id), known, onTimes, job);
      },
    });
    if (!signal.aborted) show({ answer, isComplete: true });
  } catch (error) {
    // After a restart of the engine they are measured again.
    if (signal.aborted || useStudio.getState().restarting) return;
    const fault = isCancelled(error) ? 'Timing was stopped.' : `Not timed: ${sentence(error)}`;
    show({ answer: null, fault, isComplete: true });
  }
}
