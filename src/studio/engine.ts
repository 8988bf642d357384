import * as Comlink from 'comlink';
import type { KeepingEngine } from '../engine/page/light';
import '../worker/transfer';

/** A worker that runs the engine. */
interface Running {
  readonly worker: Worker;
  call(name: keyof KeepingEngine, args: never[]): Promise<unknown>;
  /** Rejects the calls under way and all later ones, which would never be answered: the worker is gone. */
  end(error: Error): void;
}

// The worker starts with the page, so that it is ready when the first file arrives.
let running = begin();

let onDeath: (message: string) => void = () => undefined;

function begin(): Running {
  const worker = new Worker(new URL('../worker/main.ts', import.meta.url), { type: 'module', name: 'carrara-engine' });
  const remote = Comlink.wrap<KeepingEngine>(worker) as unknown as KeepingEngine;
  // Racing every call with one promise would keep all answers in memory as long as that promise.
  const waiting = new Set<(error: Error) => void>();
  // Where no call is under way, the next one rejects with this.
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
 * Ends the worker, whatever it is doing, and starts a new one, in which nothing is open. Calls under way reject as if they
 * had been cancelled.
 */
export function replaceEngine(): void {
  running.end(new DOMException('The engine was replaced.', 'AbortError'));
  running.worker.terminate();
  running = begin();
}

/** Sets the listener that is called when the worker has died by itself, with the browser's message. */
export function whenEngineDies(listener: (message: string) => void): void {
  onDeath = listener;
}

/** Marks a callback that the worker calls: it stays in the page, and its calls come as messages. */
export const callback = <T extends (...args: never[]) => void>(call: T): T => Comlink.proxy(call) as unknown as T;

/** Whether a call was aborted. Its AbortError has lost its class on the way out of the worker, but not its name. */
export const isCancelled = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
