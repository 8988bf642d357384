import type { LayerSpectrum } from '../../../engine/page/light';

export type SortKey = 'order' | 'name' | 'size' | 'share' | 'effectiveRank' | 'error' | 'damage';

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
  /** By layer id; grows while spectra are measured in the background. */
  readonly spectra: ReadonlyMap<string, LayerSpectrum>;
  /** The user stopped the measuring. */
  readonly spectraPaused: boolean;
  /** Why the engine could not measure these layers, by layer id. */
  readonly unmeasured: ReadonlyMap<string, string>;
  /** Measures all layers that have no spectrum yet. */
  measureSpectra(): Promise<void>;
  resumeSpectra(): Promise<void>;
}
