import type { Job, JobState } from '../../../engine/page/light';

export type JobKind =
  | 'start'
  | 'open'
  | 'data'
  | 'recipe'
  | 'spectra'
  | 'proposals'
  | 'sensitivity'
  | 'preview'
  | 'times'
  | 'methods'
  | 'search'
  | 'compress'
  | 'evaluate'
  | 'original'
  | 'write'
  | 'export'
  | 'lesson';

export type StudioJob = JobState<JobKind>;

/** What a job does: the engine's part of it is named by `job`; the page's own part (a download) stops with the signal. */
export type JobCall<T> = (job: Job, signal: AbortSignal) => Promise<T>;

export interface JobRequest<T> {
  readonly kind: JobKind;
  readonly label: string;
  /** One of `PRIORITY`. */
  readonly priority: number;
  /** A job of this priority or a higher one stops this one; it runs again from its beginning afterwards. */
  readonly yieldsTo?: number;
  /** Another way to cancel the job. */
  readonly signal?: AbortSignal;
  readonly call: JobCall<T>;
}

export interface JobSlice {
  /** Everything that runs or waits: the running job first, the others in the order in which they will run. */
  readonly jobs: readonly StudioJob[];
  /** Adds a job to the queue. Rejects as its call does, and with an AbortError when the job is cancelled. */
  enqueue<T>(request: JobRequest<T>): Promise<T>;
  /**
   * Runs a job that the user waits for. One at a time: a second one is refused with a notice. A failure becomes a notice
   * and resolves to undefined; so does cancelling, without a notice. Success clears earlier errors.
   */
  runJob<T>(kind: JobKind, label: string, call: JobCall<T>): Promise<T | undefined>;
  /** Stops the job that the status bar shows. */
  cancel(): void;
  /** Cancels all jobs. Resolves when none is left. */
  endJobs(): Promise<void>;
}
