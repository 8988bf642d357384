import type { LongCall } from '../engine/progress';
import type { Job } from './protocol';

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
    const started = performance.now();
    let told = 0;
    try {
      if (this.#cancelled.delete(job.id)) controller.abort();
      controller.signal.throwIfAborted();
      return await work({
        signal: controller.signal,
        onProgress: ({ done, total, label }) => {
          const now = performance.now();
          if (now - told < EVERY_MS && done < total) return;
          told = now;
          const elapsed = (now - started) / 1000;
          // Before a tenth of a second the pace says nothing.
          const known = done > 0 && elapsed > 0.1;
          job.onProgress?.({ done, total, label, ...(known && { secondsLeft: (elapsed / done) * (total - done) }) });
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
