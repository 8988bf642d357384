import type { StackPreview, TrainSpectrum } from '../../../engine/page/light';

/** The outcome of trying a stack on one layer. `key` names the layer, the stack and the data. */
export type Trial = { readonly key: string } & (
  | { readonly result: StackPreview }
  /** Why there is no result, in one sentence; absent where the user stopped the trial. */
  | { readonly result?: undefined; readonly fault?: string }
);

export interface TrialSlice {
  readonly trial: Trial | null;
  /** Spectra of the cuts of tensor trains that trials have measured, by layer id. */
  readonly trains: ReadonlyMap<string, TrainSpectrum>;
  /** The `key` that a trial on this layer would have now. */
  trialKey(id: string): string;
  /** Tries the layer's stack once nothing has changed for a moment, and cancels a trial of anything else. */
  tryStack(id: string): void;
  /** Tries it again, at once. */
  tryAgain(id: string): void;
}
