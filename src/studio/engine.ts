import * as Comlink from 'comlink';
import type { KeepingEngine } from '../engine/page/light';
import '../worker/transfer';

/** A worker with the engine in it, until it is replaced. */
interface Running {
  readonly worker: Worker;
  call(name: keyof KeepingEngine, args: never[]): Promise<unknown>;
  /** Rejects the calls under way and all later ones: the worker is gone, and none would ever be answered. */
  end(error: Error): void;
}

// The worker starts with the page: it must be warm by the time the first file arrives.
let running = begin();

let onDeath: (message: string) => void = () => undefined;

function begin(): Running {
  const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'carrara-engine' });
  const remote = Comlink.wrap<KeepingEngine>(worker) as unknown as KeepingEngine;
  // Not one promise that all calls race with: it would keep the answers of all of them.
  const waiting = new Set<(error: Error) => void>();
  // A failure that nobody waits for is told by the next call.
  let ended: Error | undefined;
  const end = (error: Error) => {
    ended ??= error;
    for (const reject of waiting) reject(ended);
    waiting.clear();
  };
  const call = (name: keyof KeepingEngine, args: never[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (ended) throw ended;
      const answer = (remote[name] as (...args: never[]) => Promise<unknown>)(...args);
      waiting.add(reject);
      answer.then(resolve, reject).finally(() => waiting.delete(reject));
    });
  worker.addEventListener('error', ({ message }) => {
    if (running.worker === worker) onDeath(message ?? '');
    end(new Error(`The engine stopped${message ? ` (${message})` : ''}: reload the page to go on.`));
  });
  return { worker, call, end };
}

/** The engine in its worker. A call rejects when the worker dies or is replaced before it has answered. */
export const engine: KeepingEngine = new Proxy({} as KeepingEngine, {
  get:
    (_, name: keyof KeepingEngine) =>
    (...args: never[]) =>
      running.call(name, args),
});

/**
 * Ends the worker, whatever it is doing, and begins a new one, where nothing is open. Calls under way reject as cancelled
 * ones do.
 */
export function replaceEngine(): void {
  running.end(new DOMException('The engine was replaced.', 'AbortError'));
  running.worker.terminate();
  running = begin();
}

/** Called when the worker has died by itself, with what the browser says of it. */
export function whenEngineDies(listener: (message: string) => void): void {
  onDeath = listener;
}

/** Marks a callback so that it stays here and the worker calls it from afar. */
export const callback = <T extends (...args: never[]) => void>(call: T): T => Comlink.proxy(call) as unknown as T;

/** An aborted call rejects with the signal's AbortError, which loses its class on the way out of the worker. */
export const isCancelled = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
