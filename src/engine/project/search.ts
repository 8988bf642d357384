// The search for a goal. Like `recipes.ts` it is loaded when it is first needed.

import { version } from '../../../package.json';
import type { Goal, SearchReport, SearchSettings } from '../allocation/report';
import { search } from '../allocation/search';
import type { LongCall } from '../core/progress';
import { layersIn } from '../model/layers';
import type { Tools } from './context';
import type { OpenedModel } from './openedModel';

/** Searches for a recipe that meets the goal, on the open data or on generated inputs. */
export async function searchFor(
  { model, data, original }: OpenedModel,
  goal: Goal,
  settings: SearchSettings,
  { runtime, factorisations }: Tools,
  onReport: (report: SearchReport) => void,
  call: LongCall,
): Promise<SearchReport> {
  const [provider] = runtime.providers;
  const all = await data.runnable(call, async (feeds) => (await original.on(provider!, call)).run(feeds));
  // A single sample can't be split.
  const share = data.given && all.samples > 1 ? await data.share() : undefined;
  return search(
    goal,
    settings,
    {
      ...call,
      given: layersIn(model),
      dataset: share?.evaluation ?? all,
      calibration: share?.calibration,
      factorisations,
      runtime,
      provider: provider!,
      program: version,
    },
    onReport,
  );
}
