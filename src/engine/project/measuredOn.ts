import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Dataset } from '../evaluation/dataset';
import type { Provider } from '../runtime';
import type { OpenedModel } from './openedModel';

/** What changed models are measured on. */
export interface MeasuredOn {
  /** Nothing of it is in the calibration data. */
  readonly dataset: Dataset;
  /** Samples of all open data, calibration included. */
  readonly samplesOf: number;
  /** Undefined where nothing was given, or one sample alone: it can't be split. */
  readonly calibration: Calibration | undefined;
}

/** The open data in two parts, or generated inputs that the model runs on. */
export async function measuredOn(
  { data, original }: OpenedModel,
  provider: Provider,
  call: LongCall,
): Promise<MeasuredOn> {
  const all = await data.runnable(call, async (feeds) => (await original.on(provider, call)).run(feeds));
  const share = data.given && all.samples > 1 ? await data.share() : undefined;
  return { dataset: share?.evaluation ?? all, samplesOf: all.samples, calibration: share?.calibration };
}
