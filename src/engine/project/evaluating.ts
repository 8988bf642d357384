// Comparing models. It is loaded when it is first needed.

import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { type Dataset, fixedBatch } from '../evaluation/dataset';
import { evaluate } from '../evaluation/evaluate';
import { evaluateOriginal } from '../evaluation/evaluateOriginal';
import type { EvaluateReport, OriginalReport } from '../evaluation/report';
import type { Model } from '../model/model';
import type { Provider, Runtime } from '../runtime';
import type { EvaluateSettings } from './engine';
import type { OpenedModel } from './openedModel';
import { openCompared } from './originalSession';

interface EvaluateCall extends LongCall, EvaluateSettings {
  readonly onCompared?: ((report: EvaluateReport) => void) | undefined;
}

/** Compares a run, or a compressed model that was read from a file, with the original. */
export async function evaluateModel(
  opened: OpenedModel,
  compressed: number | Model,
  provider: Provider,
  runtime: Runtime,
  call: EvaluateCall,
): Promise<EvaluateReport> {
  const { data, original, originalOutputs, originalLatency } = opened;
  const { onCompared, runs, kinds, samples, madeUp, batch } = call;
  data.makeUp({ ...data.madeUp, ...madeUp, batch });
  const { model, report } = typeof compressed === 'number' ? opened.run(compressed) : { model: compressed };
  const after = await openCompared(model, runtime, provider, call);
  try {
    const before = await original.on(provider, call);
    const all = await data.runnable(call, (feeds) => before.run(feeds));
    const share = report?.calibration && all.samples > 1 ? await data.share() : undefined;
    const dataset = data.some((report && share?.evaluationOf(report)) ?? all, samples);
    const { random } = data;
    return await evaluate(before, after, dataset, {
      ...longCall(call),
      ...chosenBatch(dataset, call),
      ...(kinds && { kinds }),
      ...(onCompared && { onCompared }),
      // Whoever says how often waits as long as that takes.
      latency: { kept: originalLatency, ...(runs !== undefined && { runs, budgetMs: Number.POSITIVE_INFINITY }) },
      provider,
      originalOutputs,
      random,
    });
  } finally {
    await after.release();
  }
}

/** The open model by itself, on its data. */
export async function evaluateOpened(
  opened: OpenedModel,
  provider: Provider,
  call: LongCall & EvaluateSettings,
): Promise<OriginalReport> {
  const { data, original, originalOutputs } = opened;
  const { kinds, samples, madeUp, batch } = call;
  data.makeUp({ ...data.madeUp, ...madeUp, batch });
  const session = await original.on(provider, call);
  const dataset = data.some(await data.runnable(call, (feeds) => session.run(feeds)), samples);
  return evaluateOriginal(session, dataset, {
    ...longCall(call),
    ...chosenBatch(dataset, call),
    ...(kinds && { kinds }),
    provider,
    originalOutputs,
  });
}

const longCall = ({ signal, onProgress }: LongCall): LongCall => ({
  ...(signal && { signal }),
  ...(onProgress && { onProgress }),
});

/** Throws a UserError where the user chose a number of samples per run that the model does not take. */
function chosenBatch(dataset: Dataset, { batch }: EvaluateSettings): { readonly batch?: number } {
  if (batch === undefined) return {};
  const fixed = fixedBatch(dataset);
  if (fixed !== undefined && fixed !== batch)
    throw new UserError(
      `The model takes ${fixed} ${fixed === 1 ? 'sample' : 'samples'} a run, not ${batch}: leave the batch to it.`,
    );
  return { batch };
}
