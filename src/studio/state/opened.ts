import type { DataReport, ModelReport, RunReport } from '../../engine/page/light';
import { FIRST_GOAL, FIRST_SETTINGS } from '../goal/limits';
import { BEST } from '../sensitivity/map';

import { worthCompressing } from './recipe';
import type { Workbench } from './types/projects';
import type { Studio } from './types/studio';

/** A model that the engine has opened, with what a project keeps of it. A model that is opened as a file has only a report. */
export interface Opened {
  readonly report: ModelReport;
  readonly data?: DataReport | null;
  readonly runs?: readonly RunReport[];
  readonly lastRun?: number;
  /** Runs whose compressed model is gone. */
  readonly lost?: readonly number[];
  readonly workbench?: Workbench | undefined;
}

/** The state of the page for a model that has just been opened. */
export function openedState({
  report,
  data = null,
  runs = [],
  lastRun = 0,
  lost = [],
  workbench,
}: Opened): Partial<Studio> {
  const numbers = new Set(runs.map(({ run }) => run));
  const { ranStacks, currentRun, interrupted, ...chosen } = workbench ?? newWorkbench(report);
  return {
    ...chosen,
    model: report,
    data,
    sources: { model: [], data: [] },
    runs,
    lastRun: Math.max(lastRun, ...numbers),
    lostRuns: new Set(lost),
    ranStacks: new Map([...ranStacks].filter(([run]) => numbers.has(run))),
    currentRun: currentRun !== null && numbers.has(currentRun) ? currentRun : (runs.at(-1)?.run ?? null),
    // It may have finished after the page last kept its part.
    interrupted: interrupted && !numbers.has(interrupted.run) ? interrupted : null,
    exports: new Map(),
    spectra: new Map(),
    unmeasured: new Map(),
    sensitivity: null,
    sensitivityRequest: null,
    mapLine: BEST,
    mapLevel: null,
    layerFigures: 'spectrum',
    shownPoint: null,
    trial: null,
    trains: new Map(),
    // Earlier notices are about another model, or about none.
    notices: [],
  };
}

/** What a new model begins with. */
function newWorkbench({ layers }: ModelReport): Omit<Workbench, 'provider' | 'sort' | 'descending'> {
  const worthwhile = worthCompressing(layers);
  return {
    selection: worthwhile,
    included: new Set(worthwhile),
    filter: '',
    stacks: new Map(),
    settings: {},
    step: 0,
    fixedRecipe: null,
    spectraPaused: false,
    past: [],
    future: [],
    ranStacks: new Map(),
    currentRun: null,
    interrupted: null,
    goal: FIRST_GOAL,
    searchSettings: FIRST_SETTINGS,
    search: null,
    comparing: {},
    proposals: null,
  };
}
