import type { Aim } from '../../engine/operators/forms';
import type { Provider } from '../../engine/runtime';
import type {
  DataReport,
  EngineReport,
  ExportReport,
  ExportSettings,
  JobProgress,
  LayerSpectrum,
  ModelReport,
  RunReport,
  StackPreview,
  StackStep,
  TrainSpectrum,
} from '../../worker/protocol';
import type { Dropped } from '../files';

export type { StackStep } from '../../worker/protocol';

/** What is done to a layer, in order. Never changed in place: an edit makes a new one. */
export type Stack = readonly StackStep[];

/** What a recipe says beside its steps. */
export interface RecipeSettings {
  readonly seed?: number;
  readonly export?: ExportSettings;
}

export type SortKey = 'order' | 'name' | 'size' | 'share' | 'effectiveRank' | 'error';
export type JobKind =
  | 'start'
  | 'open'
  | 'data'
  | 'recipe'
  | 'spectra'
  | 'preview'
  | 'methods'
  | 'compress'
  | 'evaluate'
  | 'write'
  | 'export'
  | 'lesson';

export interface JobState extends JobProgress {
  readonly id: string;
  readonly kind: JobKind;
  /** Asked to stop, not stopped yet. */
  readonly cancelling: boolean;
}

export interface Notice {
  readonly id: number;
  readonly tone: 'error' | 'warning' | 'info';
  /** One sentence. */
  readonly text: string;
  /** The user has gone on with success since: it goes, as soon as nobody reads it. */
  readonly past?: true;
}

/** An entry of `samples/samples.json`; `model` and `data` are addresses relative to that file. */
export interface Sample {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly model: string;
  readonly data?: string;
  readonly calibration?: string;
  readonly bytes: number;
  readonly parameters: number;
  readonly licence: string;
}

export interface EngineSlice {
  readonly engine: EngineReport | null;
  /** What `evaluate` runs on. */
  readonly provider: Provider;
  /** The backend that the user asked for, if any. */
  readonly preferred: 'gpu' | 'cpu' | undefined;
  start(preferred?: 'gpu' | 'cpu'): Promise<void>;
  /** Resolves when a start under way has ended: to whether there is an engine. */
  started(): Promise<boolean>;
  setProvider(provider: Provider): void;
}

/** Several models came at once: the user decides which is opened. */
export interface Choice {
  readonly models: readonly Dropped[];
  /** The model's index; null opens none. */
  answer(index: number | null): void;
}

/** Opening another model forgets the runs of the one that is open: the user decides. */
export interface Replacement {
  readonly opening: string;
  answer(open: boolean): void;
}

export interface ModelSlice {
  readonly model: ModelReport | null;
  readonly data: DataReport | null;
  readonly samples: readonly Sample[];
  /** Asked, not answered yet. */
  readonly replacement: Replacement | null;
  readonly choice: Choice | null;
  /** Where the open model and its data came from, so that they can be opened again. */
  readonly sources: { readonly model: readonly File[]; readonly data: readonly File[] } | null;
  /** Data and recipes that came before a model: opened with it. */
  readonly waiting: readonly File[];
  /** Routes files by what they hold: models with their weights, `.npz` data, `.json` recipes. */
  openFiles(files: readonly File[]): Promise<void>;
  /** The same for files that may lie in dropped folders. */
  openDropped(files: readonly Dropped[]): Promise<void>;
  loadSamples(): Promise<void>;
  openSample(sample: Sample): Promise<void>;
  clearData(): Promise<void>;
}

export interface LayersSlice {
  /** Ids of the layers that the workbench shows, in the order of the model. */
  readonly selection: readonly string[];
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly filter: string;
  select(ids: readonly string[]): void;
  setSort(sort: SortKey, descending?: boolean): void;
  setFilter(filter: string): void;
}

export interface SpectraSlice {
  /** By layer id; grows while they are measured in the background. */
  readonly spectra: ReadonlyMap<string, LayerSpectrum>;
  /** The user stopped the measuring. */
  readonly spectraPaused: boolean;
  /** The engine could not measure these; the reason by layer id. */
  readonly unmeasured: ReadonlyMap<string, string>;
  measureSpectra(): Promise<void>;
  resumeSpectra(): Promise<void>;
}

export interface StackSlice {
  /** By layer id. Kept when a layer leaves the recipe, so that it comes back as it was. */
  readonly stacks: ReadonlyMap<string, Stack>;
  /** Ids of the layers that Compress will compress. */
  readonly included: ReadonlySet<string>;
  readonly settings: RecipeSettings;
  /** Index of the step that the workbench shows; beyond the stack's end it is the last. */
  readonly step: number;
  /** A recipe from a file or from a run, used word for word until a step, a tick or a setting changes. */
  readonly fixedRecipe: unknown;
  /** Gives these layers the stack and includes them; an empty one takes them out. `what` as in `edit`. */
  setStack(ids: readonly string[], stack: Stack, what?: string): void;
  showStep(step: number): void;
  setAim(aim: Aim): void;
  include(ids: readonly string[], included: boolean): void;
  includeOnly(ids: readonly string[]): void;
  /** Checks a recipe (`name`: its file) and takes it over. Resolves to false (and leaves a notice) where it does not fit the model. */
  applyRecipe(recipe: unknown, name?: string): Promise<boolean>;
}

/** What the user's edits change: what Compress would do. */
export type Edited = Pick<StackSlice, 'stacks' | 'included' | 'settings' | 'fixedRecipe'>;

/** What was there before an edit or after it, and what the workbench showed. */
export type Moment = Edited & Pick<LayersSlice, 'selection'> & Pick<StackSlice, 'step'>;

/** What `edit` says of itself. */
export interface Occasion {
  /** What is edited, where edits of it may be taken together: "size of the first step of layer 3". */
  readonly what?: string | undefined;
  /** Counts what the user pressed: all edits between a press and its release belong to it, however long it takes. */
  readonly gesture: number;
  readonly ms: number;
}

export interface HistorySlice {
  /** Of the open model, oldest first. */
  readonly past: readonly { readonly before: Moment; readonly occasion?: Occasion }[];
  /** What was undone, the next to be redone last. */
  readonly future: readonly Moment[];
  /** Changes what Compress would do, so that it can be undone; edits of the same `what` in a row are one. */
  edit(part: Partial<Moment>, what?: string): void;
  undo(): void;
  redo(): void;
}

/** What became of a trial of a stack on one layer. `key` names layer, stack and data. */
export type Trial = { readonly key: string } & (
  | { readonly result: StackPreview }
  /** Why there is none, in a sentence; absent where the user stopped it. */
  | { readonly result?: undefined; readonly fault?: string }
);

export interface PreviewSlice {
  readonly trial: Trial | null;
  /** The spectra of the cuts of a train that trials have measured, by layer id. */
  readonly trains: ReadonlyMap<string, TrainSpectrum>;
  /** A trial under way: nothing else runs meanwhile. */
  readonly previewing: JobState | null;
  /** What `trial` would be called for this layer now. */
  trialKey(id: string): string;
  /** Tries the layer's stack when nothing has changed for a moment; whatever is tried of another goes. */
  tryStack(id: string): void;
  /** Tries it once more, at once. */
  tryAgain(id: string): void;
}

export interface RunsSlice {
  /** Compressed models, oldest first. The original is none of them. */
  readonly runs: readonly RunReport[];
  /** The stacks that a run gave to the layers that it took along, by layer id; by run. */
  readonly ranStacks: ReadonlyMap<number, ReadonlyMap<string, Stack>>;
  /** What was written and verified, by run. */
  readonly exports: ReadonlyMap<number, ExportReport>;
  /** The largest number that a run of this model has had: a forgotten one keeps its number. */
  readonly lastRun: number;
  /** Number of the run that Compare shows and Export writes. */
  readonly currentRun: number | null;
  /** Compresses by the recipe, makes the result current, and evaluates it. */
  compress(): Promise<void>;
  /** On all samples; on a software WebGPU on `SOFTWARE_SAMPLES` at most. */
  evaluate(run: number): Promise<void>;
  /** Makes a run current and restores its recipe into the workbench. */
  showRun(run: number): Promise<void>;
  forgetRun(run: number): Promise<void>;
  /** Writes a run as the chosen aim says, where it is written otherwise. Resolves to false where that fails. */
  writeAsChosen(run: number): Promise<boolean>;
  /** Writes for the chosen aim, reads back and compares; undefined (with a notice) where that fails. */
  exportRun(run: number): Promise<ExportReport | undefined>;
}

export interface JobSlice {
  /** The one long call that the user waits for. */
  readonly job: JobState | null;
  /** Spectra, measured while nothing else runs. */
  readonly background: JobState | null;
  /** Stops the job, or else the measuring in the background. */
  cancel(): Promise<void>;
}

export interface RestartSlice {
  /** The engine is being replaced: nothing is measured meanwhile. */
  readonly restarting: boolean;
  /** Runs whose figures are here, but whose compressed model went with an engine that was replaced. */
  readonly lostRuns: ReadonlySet<number>;
  /** Replaces the engine, whatever it is doing, and opens again what was open; tells so after `why`, a whole sentence. */
  restart(why: string): Promise<void>;
  /** The same for what runs now and does not hear Cancel. */
  stopNow(): Promise<void>;
}

export interface NoticeSlice {
  readonly notices: readonly Notice[];
  notify(tone: Notice['tone'], text: string): void;
  dismiss(id: number): void;
  /** Marks the errors up to this notice as past. */
  goOn(last: number): void;
}

export type Studio = EngineSlice &
  ModelSlice &
  LayersSlice &
  SpectraSlice &
  StackSlice &
  HistorySlice &
  PreviewSlice &
  RunsSlice &
  JobSlice &
  RestartSlice &
  NoticeSlice;

export type Slice<T> = (set: SetStudio, get: () => Studio) => T;
export type SetStudio = (part: Partial<Studio> | ((state: Studio) => Partial<Studio>)) => void;
