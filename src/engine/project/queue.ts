import type { LongCall } from '../core/progress';
import { type JobProgress, reporting } from './jobProgress';

/** Who waits for a job. A higher number comes first. */
export const PRIORITY = {
  /** Nobody, and it takes long: what else is measured ahead of time comes first. */
  idle: -1,
  /** Nobody: it is measured ahead of time. */
  background: 0,
  /** A picture on the page, which is drawn when the answer comes. */
  preview: 1,
  /** A few figures that are there in a tenth of a second: they do not wait for what takes longer in the background. */
  figures: 2,
  /** The user, who started it and sees its progress. */
  foreground: 3,
} as const;

/** One piece of long work: what it is, how urgent it is, and how to do it. */
export interface JobRequest<T, Kind extends string = string> {
  /** Names the job for `cancel`. Every job has an id of its own. */
  readonly id: string;
  readonly kind: Kind;
  /** For people: "Compressing". */
  readonly label: string;
  readonly priority: number;
  /**
   * A waiting job of this priority or a higher one stops this job in the middle; it runs again from its beginning later.
   * Absent: nothing but `cancel` stops it.
   */
  readonly yieldsTo?: number | undefined;
  /** Another way to cancel the job. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: JobProgress) => void) | undefined;
  /** Does the work. Stops with the signal's reason when the signal is aborted. */
  run(call: Required<LongCall>): Promise<T>;
}

export interface JobState<Kind extends string = string> {
  readonly id: string;
  readonly kind: Kind;
  readonly label: string;
  readonly priority: number;
  /** `stopping`: it was cancelled, or gives way to another job, and has not stopped yet. */
  readonly status: 'waiting' | 'running' | 'stopping';
  /** Absent until the job has reported some. */
  readonly progress?: JobProgress;
}

export interface QueueOptions<Kind extends string> {
  /** Called after every change, with the running job first, then the waiting ones in the order in which they will run. */
  readonly onChange?: (jobs: readonly JobState<Kind>[]) => void;
  /** How long a job that gives way may take to stop. After that the next job starts beside it. */
  readonly graceMs?: number;
}

interface Entry<Kind extends string> {
  readonly request: JobRequest<unknown, Kind>;
  readonly arrival: number;
  /** Aborts the run under way; absent while the job waits. */
  controller?: AbortController | undefined;
  /** Why the run was aborted. */
  stopped?: 'paused' | 'cancelled' | undefined;
  progress?: JobProgress | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Runs jobs one at a time: the highest priority first, within a priority the one that came first. A job that fails does
 * not stop the jobs behind it.
 */
export class JobQueue<Kind extends string = string> {
  #running: Entry<Kind> | undefined;
  /** Jobs that gave way and did not stop in time: another job runs meanwhile. */
  readonly #late = new Set<Entry<Kind>>();
  #waiting: Entry<Kind>[] = [];
  /** Ids that were cancelled before their job arrived: the messages of a page may overtake each other. */
  readonly #cancelledEarly = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #arrivals = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: QueueOptions<Kind> = {}) {}

  /** The running job first, then the waiting ones in the order in which they will run. */
  get jobs(): readonly JobState<Kind>[] {
    return [...(this.#running ? [this.#running] : []), ...this.#waiting].map(stateOf);
  }

  /** Resolves and rejects as the job's `run` does; rejects with an AbortError when the job is cancelled. */
  add<T>(request: JobRequest<T, Kind>): Promise<T> {
    if (this.#cancelledEarly.delete(request.id)) return Promise.reject(abortError());
    if (request.signal?.aborted) return Promise.reject(request.signal.reason);
    return new Promise<T>((resolve, reject) => {
      const { signal } = request;
      const cancel = () => this.#cancel(entry);
      signal?.addEventListener('abort', cancel, { once: true });
      const settle =
        <A>(how: (answer: A) => void) =>
        (answer: A) => {
          signal?.removeEventListener('abort', cancel);
          how(answer);
        };
      const entry: Entry<Kind> = {
        request,
        arrival: this.#arrivals++,
        resolve: settle(resolve as (value: unknown) => void),
        reject: settle(reject),
      };
      this.#wait(entry);
      this.#next();
    });
  }

  /** A waiting job is dropped. A running one is asked to stop, and its `add` rejects once it has stopped. */
  cancel(id: string): void {
    const entry = [this.#running, ...this.#late, ...this.#waiting].find((one) => one?.request.id === id);
    if (entry) this.#cancel(entry);
    else this.#cancelledEarly.add(id);
  }

  cancelAll(): void {
    for (const entry of [...this.#waiting, ...this.#late]) this.#cancel(entry);
    if (this.#running) this.#cancel(this.#running);
  }

  /** Resolves when no job runs or waits. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  #cancel(entry: Entry<Kind>): void {
    const { controller, request } = entry;
    if (controller) {
      entry.stopped = 'cancelled';
      controller.abort(request.signal?.reason);
    } else {
      this.#waiting = this.#waiting.filter((one) => one !== entry);
      entry.reject(request.signal?.reason ?? abortError());
    }
    this.#changed();
    this.#tellIdle();
  }

  #wait(entry: Entry<Kind>): void {
    entry.controller = undefined;
    entry.stopped = undefined;
    entry.progress = undefined;
    this.#waiting.push(entry);
    this.#waiting.sort((a, b) => b.request.priority - a.request.priority || a.arrival - b.arrival);
    this.#changed();
  }

  /** Starts the first waiting job if none runs, or asks the running job to give way to it. */
  #next(): void {
    const [next] = this.#waiting;
    if (!next) return;
    const running = this.#running;
    if (!running) {
      this.#waiting.shift();
      void this.#run(next);
    } else if (next.request.priority >= (running.request.yieldsTo ?? Number.POSITIVE_INFINITY)) this.#pause(running);
  }

  #pause(running: Entry<Kind>): void {
    if (!running.stopped) {
      running.stopped = 'paused';
      running.controller!.abort();
      this.#changed();
    }
    // Stopped by the abort itself.
    if (this.#running !== running) return;
    this.#grace ??= setTimeout(() => {
      this.#grace = undefined;
      if (this.#running !== running) return;
      this.#late.add(running);
      this.#running = undefined;
      this.#next();
    }, this.options.graceMs ?? 1000);
  }

  async #run(entry: Entry<Kind>): Promise<void> {
    const controller = new AbortController();
    entry.controller = controller;
    this.#running = entry;
    this.#changed();
    const { signal } = controller;
    const onProgress = reporting((progress) => {
      if (entry.controller !== controller) return;
      entry.progress = progress;
      entry.request.onProgress?.(progress);
      this.#changed();
    });
    let settle: () => void;
    try {
      // A listener of the change may have cancelled it.
      signal.throwIfAborted();
      const value = await entry.request.run({ signal, onProgress });
      settle = () => entry.resolve(value);
    } catch (error) {
      const isPaused = (entry.stopped as Entry<Kind>['stopped']) === 'paused' && isAbortError(error);
      settle = () => (isPaused ? this.#wait(entry) : entry.reject(error));
    }
    entry.controller = undefined;
    this.#late.delete(entry);
    if (this.#running === entry) {
      this.#running = undefined;
      clearTimeout(this.#grace);
      this.#grace = undefined;
    }
    settle();
    this.#changed();
    // Later, so that who waited for this job may add what follows it before a job of lower priority starts.
    setTimeout(() => {
      if (!this.#running) this.#next();
      this.#tellIdle();
    });
  }

  #changed(): void {
    this.options.onChange?.(this.jobs);
  }

  #tellIdle(): void {
    if (this.#running || this.#late.size > 0 || this.#waiting.length > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function stateOf<Kind extends string>({ request, controller, stopped, progress }: Entry<Kind>): JobState<Kind> {
  const { id, kind, label, priority } = request;
  const status = !controller ? 'waiting' : stopped ? 'stopping' : 'running';
  return { id, kind, label, priority, status, ...(progress && { progress }) };
}

const abortError = () => new DOMException('The job was cancelled.', 'AbortError');

/** By name: the error has lost its class where it comes from a worker. */
const isAbortError = (error: unknown): boolean => (error as Error | undefined)?.name === 'AbortError';
