import type { StackPreview, TrainSpectrum } from '../../../worker/protocol';
import type { JobState } from './jobs';

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
