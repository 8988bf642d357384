import { create } from 'zustand';
import { engineSlice } from './state/engineSlice';
import { historySlice } from './state/history';
import { jobSlice } from './state/jobs';
import { layersSlice } from './state/layersSlice';
import { modelSlice } from './state/modelSlice';
import { noticeSlice } from './state/notices';
import { restartSlice } from './state/restart';
import { runsSlice } from './state/runsSlice';
import { spectraSlice } from './state/spectra';
import { stackSlice } from './state/stackSlice';
import { trialSlice } from './state/trialSlice';
import type { Studio } from './state/types/studio';

/**
 * What the page knows: plain reports from the engine, and the user's choices. Components take slices of it. Nothing is
 * lost on an error: it becomes a notice, and what was open stays open.
 */
export const useStudio = create<Studio>()((set, get) => ({
  ...engineSlice(set, get),
  ...modelSlice(set, get),
  ...layersSlice(set, get),
  ...spectraSlice(set, get),
  ...stackSlice(set, get),
  ...historySlice(set, get),
  ...trialSlice(set, get),
  ...runsSlice(set, get),
  ...jobSlice(set, get),
  ...restartSlice(set, get),
  ...noticeSlice(set, get),
}));

export type * from './state/types/engine';
export type * from './state/types/history';
export type * from './state/types/jobs';
export type * from './state/types/layers';
export type * from './state/types/model';
export type * from './state/types/notices';
export type * from './state/types/runs';
export type * from './state/types/stacks';
export type * from './state/types/studio';
export type * from './state/types/trials';
