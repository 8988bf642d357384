import type { TuningStore } from '../gpu/tuning';
import type { KeptResults } from '../recipe/runner/keptResults';
import type { Runtime } from '../runtime';
import type { LayerTools } from './layerTools';
import type { MadeUp } from './openData';

export interface ProjectOptions {
  /** WebGPU; absent: the browser's. Asked for when the GPU is first wanted. */
  readonly gpu?: () => Promise<GPU | undefined>;
  /** Keeps the fastest variants of the GPU's kernels from one start to the next. */
  readonly tuning?: TuningStore;
  /** How inputs are made up where there are no data. */
  readonly madeUp?: MadeUp;
  /** What messages say is to be done where data are missing: "give --calibration FILE". */
  readonly remedy?: string;
  /** Where results of finished layers are kept. */
  readonly results?: KeptResults;
  /** How many bytes of factorisations are kept for the next run. */
  readonly factorBytes?: number;
}

/** What work on an open model needs beside it. */
export interface Tools extends LayerTools {
  readonly runtime: Runtime;
  readonly remedy?: string | undefined;
  readonly results?: KeptResults | undefined;
}
