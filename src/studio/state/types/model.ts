import type { DataReport, ModelReport } from '../../../engine/page/light';
import type { Dropped } from '../../files';

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

export interface Choice {
  readonly models: readonly Dropped[];
  /** The model's index; null opens none. */
  answer(index: number | null): void;
}

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
  /** Opens files by their formats: models with their weights, data, recipes. */
  openFiles(files: readonly File[]): Promise<void>;
  /** The same for files that may lie in dropped folders. */
  openDropped(files: readonly Dropped[]): Promise<void>;
  loadSamples(): Promise<void>;
  openSample(sample: Sample): Promise<void>;
  clearData(): Promise<void>;
}
