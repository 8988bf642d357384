/** How far a long call has come: `done` of `total` units (layers, samples, sweeps), and what is being worked on. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
  /**
   * Estimated from the pace so far, by callers that know the cost of the units; 'unknown' while there is no estimate.
   */
  readonly secondsLeft?: number | 'unknown';
}

export interface LongCall {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Makes long synchronous work cancellable: a worker receives "cancel" only when it returns to its event loop.
 * `await pacer.breathe()` returns at once unless `everyMs` have passed, then yields one macrotask, and throws
 * the signal's AbortError when it was aborted meanwhile.
 */
export class Pacer {
  #last = performance.now();
  constructor(
    private readonly signal: AbortSignal | undefined,
    private readonly everyMs = 40,
  ) {}

  get due(): boolean {
    return performance.now() - this.#last >= this.everyMs;
  }

  async breathe(): Promise<void> {
    if (!this.due) return;
    await nextMacrotask();
    this.signal?.throwIfAborted();
    this.#last = performance.now();
  }
}

// setTimeout(0) is clamped to 4 ms after five nested calls; a message channel is not.
function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
