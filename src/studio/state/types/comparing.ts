import type { EvaluateSettings, OriginalReport } from '../../../engine/page/light';

/** How runs are compared with the original, and the original's own accuracy. */
export interface ComparingSlice {
  /** What the user chose; the engine chooses the rest. */
  readonly comparing: Pick<EvaluateSettings, 'samples' | 'batch' | 'runs' | 'kinds'>;
  /** The original on the open data; null where these have no labels, or until it is measured. */
  readonly original: OriginalReport | null;
  /** Why the original could not be measured; null where it could. */
  readonly originalFault: string | null;
  setComparing(part: ComparingSlice['comparing']): void;
  /** Measures the original's accuracy in the background, where the open data have labels. */
  measureOriginal(): Promise<void>;
}
