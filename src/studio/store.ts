import { create } from 'zustand';
import { comparingSlice, measureOriginals } from './state/comparingSlice';
import { engineSlice } from './state/engineSlice';
import { filesSlice } from './state/filesSlice';
import { historySlice } from './state/history';
import { jobSlice } from './state/jobs';
import { keepChanges, keepingSlice } from './state/keeping';
import { layersSlice } from './state/layersSlice';
import { modelSlice } from './state/modelSlice';
import { noticeSlice } from './state/notices';
import { projectsSlice } from './state/projectsSlice';
import { proposalsSlice } from './state/proposalsSlice';
import { restartSlice } from './state/restart';
import { runsSlice } from './state/runsSlice';
import { searchSlice } from './state/searchSlice';
import { sensitivitySlice } from './state/sensitivitySlice';

import { spectraSlice } from './state/spectra';
import { stackSlice } from './state/stackSlice';
import { trialSlice } from './state/trialSlice';
import type { Studio } from './state/types/studio';

/**
 * What the page knows: reports from the engine, and the user's choices. Components select what they show. An error becomes
 * a notice, and what was open stays open.
 */
export const useStudio = create<Studio>()((set, get) => ({
  ...engineSlice(set, get),
  ...filesSlice(set, get),
  ...modelSlice(set, get),
  ...projectsSlice(set, get),
  ...keepingSlice(set, get),
  ...layersSlice(set, get),
  ...spectraSlice(set, get),
  ...sensitivitySlice(set, get),
  ...stackSlice(set, get),
  ...historySlice(set, get),
  ...trialSlice(set, get),
  ...runsSlice(set, get),
  ...searchSlice(set, get),
  ...comparingSlice(set, get),
  ...proposalsSlice(set, get),
  ...jobSlice(set, get),
  ...restartSlice(set, get),
  ...noticeSlice(set, get),
}));

keepChanges(useStudio);
measureOriginals(useStudio);

export type * from './state/types/comparing';
export type * from './state/types/engine';
export type * from './state/types/history';
export type * from './state/types/jobs';
export type * from './state/types/layers';
export type * from './state/types/model';
export type * from './state/types/notices';
export type * from './state/types/projects';
export type * from './state/types/proposals';
export type * from './state/types/runs';
export type * from './state/types/search';
export type * from './state/types/sensitivity';

export type * from './state/types/stacks';
export type * from './state/types/studio';
export type * from './state/types/trials';
