import type { EngineSlice, RestartSlice } from './engine';
import type { HistorySlice } from './history';
import type { JobSlice } from './jobs';
import type { LayersSlice, SpectraSlice } from './layers';
import type { ModelSlice } from './model';
import type { NoticeSlice } from './notices';
import type { RunsSlice } from './runs';
import type { StackSlice } from './stacks';
import type { TrialSlice } from './trials';

export type Studio = EngineSlice &
  ModelSlice &
  LayersSlice &
  SpectraSlice &
  StackSlice &
  HistorySlice &
  TrialSlice &
  RunsSlice &
  JobSlice &
  RestartSlice &
  NoticeSlice;

export type Slice<T> = (set: SetStudio, get: () => Studio) => T;

export type SetStudio = (part: Partial<Studio> | ((state: Studio) => Partial<Studio>)) => void;
