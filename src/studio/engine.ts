import * as Comlink from 'comlink';
import '../worker/transfer';
import type { Engine, Job, JobProgress } from '../worker/protocol';

/** The engine in its worker. The worker starts with the page: it must be warm by the time the first file arrives. */
const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'carrara-engine' });
export const engine = Comlink.wrap<Engine>(worker) as unknown as Engine;

/** Rejects when the worker cannot be loaded or dies: no call would ever be answered then. */
export const engineFailure = new Promise<never>((_, reject) => {
  worker.addEventListener('error', ({ message }) =>
    reject(new Error(`The engine stopped${message ? ` (${message})` : ''}: reload the page to go on.`)),
  );
});
// A failure that nobody waits for is told by the next call.
engineFailure.catch(() => undefined);

let count = 0;

/** A job with an id of its own. */
export function newJob(onProgress?: (progress: JobProgress) => void): Job {
  const id = `job-${++count}`;
  return onProgress ? { id, onProgress } : { id };
}

/** Marks a callback so that it stays here and the worker calls it from afar. */
export const callback = <T extends (...args: never[]) => void>(call: T): T => Comlink.proxy(call) as unknown as T;

/** An aborted call rejects with the signal's AbortError, which loses its class on the way out of the worker. */
export const isCancelled = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
