import type { ProposalReport } from '../allocation/proposalReport';
import type { Goal, SearchReport, SearchSettings } from '../allocation/report';
import type { Shapes } from '../evaluation/dataset';
import type { ChosenKind, DataReport, EvaluateReport, OriginalReport } from '../evaluation/report';
import type { LayerTime } from '../measure/measureLayer';
import type { LayerSpectrum, TrainSpectrum } from '../methods/report';
import type { ModelReport } from '../model/report';
import type { Aim } from '../operators/export/choice';
import type { EqualBytesReport } from '../recipe/equalBytes';
import type { StackPreview } from '../recipe/preview';
import type { CompressReport } from '../recipe/report';
import type { ReadBack } from '../recipe/verify';
import type { Provider } from '../runtime';
import type { SensitivityReport, SensitivityRequest } from '../sensitivity/report';
import type { JobProgress } from './jobProgress';

export type { Goal, SearchPoint, SearchReport, SearchSettings } from '../allocation/report';
export type {
  ChosenKind,
  ClassScore,
  ComparedOutput,
  DataReport,
  EvaluateReport,
  LatencyReport,
  OriginalReport,
  Uncertainty,
} from '../evaluation/report';
export type { HeatMap } from '../methods/pictures/heatMap';
export type { Histogram } from '../methods/pictures/histogram';
export type { StepPicture } from '../methods/pictures/pictures';
export type { LayerSpectrum, MatrixSpectrum, TrainSpectrum, TuckerSpectrum } from '../methods/report';
export type { LayerReport, ModelReport, OtherParameters } from '../model/report';
export type { EqualBytesReport } from '../recipe/equalBytes';
export type { StackPreview } from '../recipe/preview';
export type {
  CalibrationReport,
  CompressedLayerReport,
  CompressReport,
  StepReport,
} from '../recipe/report';
export type { ReadBack } from '../recipe/verify';
export type { JobProgress } from './jobProgress';

/**
 * What page and engine tell each other. Plain reports only: no tensor crosses, but for spectra and pictures small
 * enough to draw. Every number is measured unless its name says `estimated` or `predicted`.
 */
export interface EngineReport {
  /** Which backend factorises, and why it was chosen. */
  readonly backend: BackendReport;
  /** onnxruntime's providers here, the usual one first. */
  readonly providers: readonly Provider[];
  /** The provider "webgpu" runs on a software adapter here, 70 to 160 times slower than "wasm". */
  readonly softwareWebgpu: boolean;
  readonly runtime: string;
}

export interface BackendReport {
  readonly kind: 'gpu' | 'cpu';
  readonly description: string;
  readonly software: boolean;
  /** One sentence, when the choice needs one: "No WebGPU adapter, so the CPU does the work." */
  readonly note?: string;
}

/** What a recipe says of how the result is written. */
export interface ExportSettings {
  readonly aim?: Aim;
  readonly form?: string;
}

/** A compressed model and how it was made; the original is run 0. */
export interface RunReport {
  readonly run: number;
  readonly recipe: unknown;
  readonly result: CompressReport;
  readonly evaluation?: EvaluateReport;
  /** What the model was written for when it was evaluated. */
  readonly evaluatedFor?: Aim;
}

export interface ExportReport {
  readonly files: readonly { readonly name: string; readonly blob: Blob }[];
  readonly bytes: number;
  readonly sha256: string;
  /** The file was read back and compared with the run it came from. */
  readonly readBack: ReadBack;
}

/** A picture for the first lesson, and the same shape for a weight shown as one. */
export interface MatrixPicture {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Names a long call, so that it can be cancelled. */
export interface Job {
  readonly id: string;
  onProgress?(progress: JobProgress): void;
  /** Another way to cancel it; it does not cross to a worker. */
  readonly signal?: AbortSignal;
}

/** A file with data, as a browser's `File` is one. */
export interface DataFile {
  readonly name: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface CompressSettings {
  /** The number of a run that was lost, to have it again; absent: the next number. */
  readonly run?: number | undefined;
  /** Name of the file that will be written; absent: the model's name with the number of the run. */
  readonly fileName?: string;
  /** What messages call the recipe: its file. */
  readonly recipeName?: string;
}

/** How models are compared; whatever is absent is chosen by the engine. */
export interface EvaluateSettings {
  /** At most so many of the samples: original and compressed see the same ones. */
  readonly samples?: number | undefined;
  /** Samples per run, for comparing and for timing. Throws a UserError where the model takes another number. */
  readonly batch?: number | undefined;
  /** Timed runs of each model; 0: latency is not measured. Where it is absent, slow models have fewer of them. */
  readonly runs?: number | undefined;
  /** What outputs are, or that they are left out, by name; what the others are is told from their shapes and values. */
  readonly kinds?: Readonly<Record<string, ChosenKind>> | undefined;
  /** How inputs are made up from now on, where no data are open. Absent: as before. */
  readonly madeUp?: { readonly shapes?: Shapes; readonly samples?: number } | undefined;
}

/** A step without its layers, as a recipe writes it. */
export interface StackStep {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a trial takes from the recipe beside the steps. */
export interface PreviewSetting {
  /** For each step the ids of the layers that Compress takes together in it; none where it edits each by itself. */
  readonly peers: readonly (readonly string[])[];
  readonly seed?: number | undefined;
}

/** What was measured of a layer's weight. */
export interface KnownSpectra {
  readonly spectrum?: LayerSpectrum | undefined;
  readonly train?: TrainSpectrum | undefined;
}

/** Milliseconds of one product with a layer in its own form, and with its dense weight, by the engine's kernels. Measured. */
export interface LayerTimes {
  /** The layer's id. */
  readonly layer: string;
  readonly form: string;
  /** `own`: what the latest trial made of the layer; `random`: random contents of the planned sizes. */
  readonly values: 'own' | 'random';
  /** The numbers of tokens, with those that are still to be measured. */
  readonly tokens: readonly number[];
  readonly times: readonly LayerTime[];
}

/** A step of a checked recipe: ids of the layers that it selects, and its options without defaults. */
export interface SelectedStep {
  readonly layers: readonly string[];
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** The engine as the page sees it (comlink makes every call a promise). Errors arrive with a clear `message`. */
export interface Engine {
  /** Answers as soon as the worker hears it: not while it is in the middle of a step. */
  ping(): Promise<void>;
  start(preferred?: 'gpu' | 'cpu'): Promise<EngineReport>;
  /**
   * Whether `open` would take these files: throws what it would throw. What is open stays open; what was read is kept,
   * and `open` of the same files reads nothing again.
   */
  check(files: readonly File[], job: Job): Promise<void>;
  /** `.onnx` with its data files. What was open stays open when this throws. Runs are numbered from `lastRun` + 1 on. */
  open(files: readonly File[], job: Job, lastRun?: number): Promise<ModelReport>;
  /** Spectra of these layers, each reported as soon as it is there. Already measured ones come at once. */
  spectra(layers: readonly string[], onSpectrum: (spectrum: LayerSpectrum) => void, job: Job): Promise<void>;
  /**
   * Samples for the model's inputs, checked against them. Data with labels are for evaluation; data without are for
   * calibration where there are data with labels too, and for both where there are none. `use`: all of it is for
   * calibration, with labels or without.
   */
  openData(file: DataFile, job: Job, use?: 'calibration'): Promise<DataReport>;
  clearData(): Promise<DataReport>;
  /** Checks a recipe without running it; throws with the place of the fault. */
  checkRecipe(recipe: unknown): Promise<readonly SelectedStep[]>;
  /** Really applies a stack to one layer. */
  preview(layer: string, steps: readonly StackStep[], setting: PreviewSetting, job: Job): Promise<StackPreview>;
  /**
   * How long products take with what the steps make of a layer, and with its dense weight, on the backend that was chosen.
   * `known`: spectra of the layer, which plans of some options need. `onTimes` is called after each number of tokens. null
   * where there is nothing to compare: the layer stays as it is, loses units, or its size is not known.
   */
  layerTimes(
    layer: string,
    steps: readonly StackStep[],
    known: KnownSpectra,
    onTimes: (times: LayerTimes) => void,
    job: Job,
  ): Promise<LayerTimes | null>;
  /** What each method loses on these layers at each share of their bytes; on the open data too, where there is some. */
  equalBytes(
    layers: readonly string[],
    sizes: readonly number[],
    onReport: (report: EqualBytesReport) => void,
    job: Job,
  ): Promise<EqualBytesReport>;
  /**
   * Searches for a recipe that meets a goal, on the open data or on generated inputs. `onReport` gets the report as it
   * grows; the last one holds the best recipe that was found, also where the search is cancelled.
   */
  search(
    goal: Goal,
    settings: SearchSettings,
    onReport: (report: SearchReport) => void,
    job: Job,
  ): Promise<SearchReport>;
  /**
   * Looks for three recipes that keep promises, each of them run and measured; `onReport` is given all that was found so far
   * after each find. It gives way to everything that the user does, and goes on where it was. Rejects with a UserError that
   * says why nothing can be proposed.
   */
  propose(onReport: (report: ProposalReport) => void, job: Job): Promise<ProposalReport>;
  /**
   * Measures what the model's answer loses when single layers are compressed, on the open data or on generated inputs.
   * `onReport` gets the report as it grows. Cells that were measured before on the same samples are not measured again, also
   * after the job was cancelled.
   */
  sensitivity(
    request: SensitivityRequest,
    onReport: (report: SensitivityReport) => void,
    job: Job,
  ): Promise<SensitivityReport>;
  /** The last request of the open model and what came of it; null where nothing was measured. */
  knownSensitivity(): Promise<{ readonly request: SensitivityRequest; readonly report: SensitivityReport } | null>;
  /** Runs a recipe on the open model. */
  compress(recipe: unknown, job: Job, settings?: CompressSettings): Promise<RunReport>;
  /**
   * Compares a run with the original. `onCompared` is called as soon as everything but latency is known; the original's
   * latency is timed once for each provider and batch.
   */
  evaluate(
    run: number,
    provider: Provider,
    job: Job,
    settings?: EvaluateSettings,
    onCompared?: (report: EvaluateReport) => void,
  ): Promise<EvaluateReport>;
  /** Runs the original alone on the open data, in the background: its accuracy where there are labels. */
  evaluateOriginal(provider: Provider, job: Job, settings?: EvaluateSettings): Promise<OriginalReport>;
  /** Writes a run's operators for another aim than it was compressed for; the run is that from then on. */
  writeFor(run: number, chosen: ExportSettings | undefined, job: Job): Promise<RunReport>;
  exportRun(run: number, job: Job): Promise<ExportReport>;
  forgetRun(run: number): Promise<void>;
  /** The best rank-r pictures of `picture` (≤ 512²) for the lesson: factors once, then the page slices them. */
  factorPicture(picture: MatrixPicture, job: Job): Promise<PictureFactors>;
  /** A layer's weight as a picture, at most 512 × 512 of its leading rows and columns. */
  weightPicture(layer: string): Promise<MatrixPicture>;
  cancel(job: string): Promise<void>;
}

/** W ≈ Σ_{i<r} left_i ⊗ right_i; singular values are the norms of `right`'s rows. */
export interface PictureFactors {
  readonly values: Float64Array;
  /** [rows, k], row-major. */
  readonly left: Float32Array;
  /** [k, columns], row-major. */
  readonly right: Float32Array;
}

/** A project on the start page. */
export interface ProjectSummary {
  readonly id: string;
  /** The model's file. */
  readonly name: string;
  /** When it was last changed, in milliseconds since 1970. */
  readonly changed: number;
  readonly modelBytes: number;
  /** Whether the model can be opened from here: all of it was copied. */
  readonly isCopied: boolean;
  /** What is stored for it. What several projects share counts with each of them. */
  readonly bytes: number;
  readonly runs: number;
  /** Bytes of the smallest compressed model; absent where there is none. */
  readonly smallest?: number;
  /** This tab or another one has it open. */
  readonly isOpen: boolean;
  /** Another version of the program has written it: it can be removed, not opened. */
  readonly isForeign: boolean;
}

/** How far the open project is kept. */
export interface KeepingState {
  /** Undefined where nothing is open, or nothing is kept. */
  readonly project: string | undefined;
  /** `copying`: the model is being copied; until it is, a reload needs its file again. */
  readonly state: 'none' | 'copying' | 'kept' | 'partly';
  /** Why something is not kept, in a sentence. */
  readonly note?: string;
  readonly done: number;
  readonly total: number;
}

/** How a project is opened that another tab has open: read, without keeping what changes, or taken over from that tab. */
export type OpenHow = 'read' | 'take over';

/** A kept project that has been opened. */
export interface OpenedProject {
  readonly project: string;
  readonly report: ModelReport;
  /** Null where no data were open. */
  readonly data: DataReport | null;
  readonly runs: readonly RunReport[];
  /** The largest number that a run has had. */
  readonly lastRun: number;
  /** Runs that have their figures only: they are compressed again when they are needed. */
  readonly lost: readonly number[];
  /** Names of data files that are not open: they are gone or damaged, or their opening was cancelled. */
  readonly missing: readonly string[];
  /** What `keepPage` was given last; undefined where it never was. */
  readonly page: unknown;
}

/** An engine that keeps what is open, so that it is there again after a reload or a crash. */
export interface KeepingEngine extends Engine {
  /** Calls `listener` with how far the open project is kept: now, and whenever that changes. */
  onKeeping(listener: (state: KeepingState) => void): Promise<void>;
  /** How far the open project is kept, now. */
  keeping(): Promise<KeepingState>;
  /** Kept projects, the one that was changed last first. */
  projects(): Promise<readonly ProjectSummary[]>;
  /**
   * Opens a kept project with its data and runs. Throws an OpenElsewhereError where another tab has it open and `how` does
   * not say what to do, and a UserError where its model is not there. What was open stays open then.
   */
  openProject(id: string, job: Job, how?: OpenHow): Promise<OpenedProject>;
  /** Throws an OpenElsewhereError while another tab has it open. The open project stays open, and is no longer kept. */
  removeProject(id: string): Promise<void>;
  /**
   * Keeps the page's own part of a project, in place of the last one. JSON values only. Does nothing where this project is
   * not the open one: the page may send it while another one opens.
   */
  keepPage(project: string, page: unknown): Promise<void>;
}
