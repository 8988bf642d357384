import type { ComparingSlice } from './comparing';
import type { EngineSlice, RestartSlice } from './engine';
import type { HistorySlice } from './history';
import type { JobSlice } from './jobs';
import type { LayersSlice, SpectraSlice } from './layers';
import type { FilesSlice, ModelSlice } from './model';
import type { NoticeSlice } from './notices';
import type { KeepingSlice, ProjectsSlice } from './projects';
import type { ProposalsSlice } from './proposals';
import type { RunsSlice } from './runs';
import type { SearchSlice } from './search';
import type { SensitivitySlice } from './sensitivity';

import type { StackSlice } from './stacks';
import type { TrialSlice } from './trials';

export type Studio = EngineSlice &
  FilesSlice &
  ModelSlice &
  ProjectsSlice &
  KeepingSlice &
  LayersSlice &
  SpectraSlice &
  SensitivitySlice &
  StackSlice &
  HistorySlice &
  TrialSlice &
  RunsSlice &
  SearchSlice &
  ComparingSlice &
  ProposalsSlice &
  JobSlice &
  RestartSlice &
  NoticeSlice;

/** Makes one part of the state: `set` and `get` reach all of it. */
export type Slice<T> = (set: SetStudio, get: () => Studio) => T;

export type SetStudio = (part: Partial<Studio> | ((state: Studio) => Partial<Studio>)) => void;
