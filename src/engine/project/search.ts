// The search for a goal. Like `recipes.ts` it is loaded when it is first needed.

import { version } from '../../../package.json';
import type { Goal, SearchReport, SearchSettings } from '../allocation/report';
import { search } from '../allocation/search';
import type { LongCall } from '../core/progress';
import { layersIn } from '../model/layers';
import type { Tools } from './context';
import { measuredOn } from './measuredOn';
import type { OpenedModel } from './openedModel';

/** Searches for a recipe that meets the goal, on the open data or on generated inputs. */
export async function searchFor(
  opened: OpenedModel,
  goal: Goal,
  settings: SearchSettings,
  { runtime, factorisations }: Tools,
  onReport: (report: SearchReport) => void,
  call: LongCall,
): Promise<SearchReport> {
  const provider = runtime.providers[0]!;
  const { dataset, calibration } = await measuredOn(opened, provider, call);
  const given = layersIn(opened.model);
  const context = { ...call, given, dataset, calibration, factorisations, runtime, provider, program: version };
  return search(goal, settings, context, onReport);
}
