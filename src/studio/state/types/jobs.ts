import type { JobProgress } from '../../../worker/protocol';

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

export interface JobSlice {
  /** The one long call that the user waits for. */
  readonly job: JobState | null;
  /** Spectra, measured while nothing else runs. */
  readonly background: JobState | null;
  /** Stops the job, or else the measuring in the background. */
  cancel(): Promise<void>;
}
