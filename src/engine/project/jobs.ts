import { PlannedPace } from '../core/pace';
import type { LongCall, Progress } from '../core/progress';
import type { Job } from './engine';

/** How often progress is told: as fast as the eye follows, so that the page never drowns in messages. */
const EVERY_MS = 60;

/** Long calls under way, by the name the page gave them. */
export class Jobs {
  readonly #running = new Map<string, AbortController>();
  /** Cancelled before they began: messages of a page may overtake each other. */
  readonly #cancelled = new Set<string>();

  /** Runs `work` with a signal that `cancel` aborts and progress that carries an estimate of the time left. */
  async run<T>(job: Job, work: (call: LongCall) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#running.set(job.id, controller);
    let told = 0;
    let pace: { readonly total: number; readonly planned: PlannedPace } | undefined;
    // Pieces that nobody knows the cost of count as equal; their pace begins with the first that is told.
    const guess = ({ done, total }: Progress) => {
      if (pace?.total !== total) pace = { total, planned: new PlannedPace([{ kind: 'all', cost: total }]) };
      return total > 0 ? pace.planned.secondsLeft(done / total) : undefined;
    };
    try {
      if (this.#cancelled.delete(job.id)) controller.abort();
      controller.signal.throwIfAborted();
      return await work({
        signal: controller.signal,
        onProgress: (progress) => {
          const { done, total, label } = progress;
          const now = performance.now();
          if (now - told < EVERY_MS && done < total) return;
          told = now;
          const left = progress.secondsLeft ?? guess(progress);
          job.onProgress?.({ done, total, label, ...(typeof left === 'number' && { secondsLeft: left }) });
        },
      });
    } finally {
      this.#running.delete(job.id);
    }
  }

  cancel(id: string): void {
    const running = this.#running.get(id);
    if (running) running.abort();
    else this.#cancelled.add(id);
  }
}
