import type { DataReport, ModelReport } from '../../../engine/page/light';
import type { Dropped } from '../../files';

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

/** Several models came at once: the user decides which one is opened. */
export interface Choice {
  readonly models: readonly Dropped[];
  /** The model's index; null opens none. */
  answer(index: number | null): void;
}

/** Where nothing is kept, the runs of the open model are lost when another one opens: the user decides. */
export interface Replacement {
  readonly opening: string;
  answer(open: boolean): void;
}

export interface FilesSlice {
  /** A question that is not answered yet. */
  readonly choice: Choice | null;
  /** Data and recipes that came before a model: they are opened with it. */
  readonly waiting: readonly File[];
  /** How many drops, picks and samples are being opened. Each is several jobs, with moments between them. */
  readonly opening: number;
  /** Opens files by what they hold: a model with its weights, data, recipes. */
  openFiles(files: readonly File[]): Promise<void>;
  /** The same for files that may lie in dropped folders, and that may still be read. Rejects where reading them fails. */
  openDropped(files: readonly Dropped[] | Promise<readonly Dropped[]>): Promise<void>;
  /** Runs what opens files. The user waits for all of it, as for a job. */
  whileOpening<T>(open: () => Promise<T>): Promise<T>;
  /**
   * Opens data and recipes with the model that has just been opened, after those that waited for it. The data of a sample
   * only fills the room that is left.
   */
  openBeside(files: {
    readonly data?: readonly File[];
    readonly recipes?: readonly File[];
    readonly sampleData?: readonly File[];
  }): Promise<void>;
}

export interface ModelSlice {
  readonly model: ModelReport | null;
  readonly data: DataReport | null;
  readonly samples: readonly Sample[];
  /** A question that is not answered yet. */
  readonly replacement: Replacement | null;
  /** The files that were opened on this page. Empty for a project that was opened from what is kept. */
  readonly sources: { readonly model: readonly File[]; readonly data: readonly File[] };
  /** Opens the first file as a model; the others may hold its weights. Resolves to false where it stays closed. */
  openModel(files: readonly File[]): Promise<boolean>;
  openData(file: File): Promise<void>;
  clearData(): Promise<void>;
  loadSamples(): Promise<void>;
  openSample(sample: Sample): Promise<void>;
}
