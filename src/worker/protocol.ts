import type { DataReport, EvaluateReport } from '../engine/evaluation/report';
import type { Provider } from '../engine/runtime';

export type { DataReport, EvaluateReport, FidelityReport, LatencyReport } from '../engine/evaluation/report';

/**
 * What page and engine tell each other. Plain reports only: no tensor crosses, but for spectra and pictures small
 * enough to draw. Every number is measured unless its name says `estimated` or `predicted`.
 */
export interface EngineReport {
  /** Which backend factorises, and why it was chosen. */
  readonly backend: BackendReport;
  /** onnxruntime's providers here, the usual one first. */
  readonly providers: readonly Provider[];
  readonly runtime: string;
}

export interface BackendReport {
  readonly kind: 'gpu' | 'cpu';
  readonly description: string;
  readonly software: boolean;
  /** One sentence, when the choice needs one: "No WebGPU adapter, so the CPU does the work." */
  readonly note?: string;
}

export interface ModelReport {
  readonly name: string;
  readonly sha256?: string;
  readonly opset: number;
  readonly producer: string;
  /** Serialised size with its external data, in bytes. */
  readonly bytes: number;
  readonly parameters: number;
  readonly layers: readonly LayerReport[];
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
  readonly warnings: readonly string[];
}

export interface ValueReport {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of a symbolic dimension. */
  readonly shape: readonly (number | string)[];
}

export interface LayerReport {
  /** Unique within the model; stays the same for the same weight in models derived from it. */
  readonly id: string;
  /** What a recipe calls it: its first consumer's node name, or its weight's name. */
  readonly name: string;
  /** Name of the stored tensor. */
  readonly weight: string;
  readonly op: string;
  /** [out, in] for MatMul and Gemm, [out, in/groups, kh, kw] for Conv, [rows, columns] for Gather. */
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly bytes: number;
  readonly dtype: string;
  readonly compressible: boolean;
  readonly reason?: string;
  readonly consumers: readonly string[];
}

/** What a layer's truncation costs at every rank: enough for sliders to be exact without asking the engine. */
export type LayerSpectrum = MatrixSpectrum | TuckerSpectrum;

export interface MatrixSpectrum {
  readonly kind: 'matrix';
  readonly id: string;
  /** Singular values, falling. */
  readonly values: Float64Array;
  /** e^S, S the entropy of σ²/Σσ²: how many directions carry the weight. */
  readonly effectiveRank: number;
}

export interface TuckerSpectrum {
  readonly kind: 'tucker';
  readonly id: string;
  /** Singular values of the unfoldings: output channels and input channels. */
  readonly outValues: Float64Array;
  readonly inValues: Float64Array;
  /** [out+1, in+1]: energy of the leading (rOut, rIn) block of the core; the last entry is ‖W‖². */
  readonly energy: Float64Array;
  readonly effectiveRank: number;
}

/** A compressed model and how it came about; the original is run 0. */
export interface RunReport {
  readonly run: number;
  readonly recipe: unknown;
  readonly result: CompressReport;
  readonly evaluation?: EvaluateReport;
}

export interface SizeReport {
  readonly bytes: number;
  readonly parameters: number;
}

export interface ErrorReport {
  readonly predicted: number;
  readonly measured: number;
}

/** Also what `carrara compress --json` prints. */
export interface CompressReport {
  readonly before: SizeReport;
  readonly after: SizeReport;
  readonly layers: readonly CompressedLayerReport[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly backend: 'gpu' | 'cpu';
  readonly ms: number;
}

export interface CompressedLayerReport {
  readonly name: string;
  /** "lowRank 32", "tucker2 16×24". */
  readonly form: string;
  readonly weightError: ErrorReport;
  readonly outputError?: ErrorReport;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly ms: number;
}

export interface ExportReport {
  readonly files: readonly { readonly name: string; readonly blob: Blob }[];
  readonly bytes: number;
  readonly sha256: string;
  /** The file was read back, run, and compared with the run it came from: largest absolute difference of the outputs. */
  readonly readBack: { readonly maxAbsolute: number; readonly samples: number };
}

/** A picture for the first lesson, and the same shape for a weight shown as one. */
export interface MatrixPicture {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Names a long call so that it can be cancelled; `onProgress` is a comlink proxy. */
export interface Job {
  readonly id: string;
  onProgress?(progress: JobProgress): void;
}

export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
  /** Estimated from the pace so far; absent at the start. */
  readonly secondsLeft?: number;
}

/** The engine as the page sees it (comlink makes every call a promise). Errors arrive with a clear `message`. */
export interface Engine {
  start(preferred?: 'gpu' | 'cpu'): Promise<EngineReport>;
  /** `.onnx` with its data files. What was open stays open when this throws. */
  open(files: readonly File[], job: Job): Promise<ModelReport>;
  /** Spectra of these layers, each told as soon as it is there. Already measured ones come at once. */
  spectra(layers: readonly string[], onSpectrum: (spectrum: LayerSpectrum) => void, job: Job): Promise<void>;
  /** `.npz`, checked against the model's inputs. */
  openData(file: File): Promise<DataReport>;
  clearData(): Promise<DataReport>;
  /** Checks a recipe without running it; throws with the place of the fault. Returns the layers each step selects. */
  checkRecipe(recipe: unknown): Promise<readonly (readonly string[])[]>;
  compress(recipe: unknown, job: Job): Promise<RunReport>;
  evaluate(run: number, provider: Provider, job: Job): Promise<EvaluateReport>;
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
