import { Worker } from 'node:worker_threads';
import { UserError } from '../engine/core/errors';
import type { Runtime } from '../engine/runtime';
import { nodeRuntime } from '../runtime/node';
import type { Report } from './supervision';

/** Tells the supervisor; resolves when the report has left this process, which may block from then on. */
export async function tell(report: Report): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => process.send!(report, undefined, undefined, () => resolve()));
}

/** Calls `cancel` when the supervisor or the user asks for it, and when the supervisor has died. */
export function onCancel(cancel: () => void): void {
  if (process.connected) {
    // The supervisor counts signals and ends this process at the second one: here they all mean the same.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, cancel);
    process.on('message', cancel);
    process.on('disconnect', cancel);
  } else {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, cancel);
  }
}

/** Long enough for a model of many gigabytes on a slow disk. */
const LIMIT_SECONDS = 600;

export const OPEN_LIMIT = [
  '--open-limit <seconds>',
  `how long reading a file or making a session may take; ${LIMIT_SECONDS} where it is left out, 0 for no limit`,
] as const;

/** Watches over everything that opens a file or makes a session. */
export interface OpeningWatch {
  /** Does the work; the supervisor ends the process where it takes longer than the limit. `what` says what it is: "Opening model.onnx". */
  during<T>(what: string, work: () => T | Promise<T>): Promise<T>;
}

/** Throws a UserError where `limit`, as it was typed, is no number of seconds. */
export function openingWatch(limit: string | undefined): OpeningWatch {
  const limitSeconds = limit === undefined ? LIMIT_SECONDS : Number(limit);
  // A timer of Node holds at most 2³¹ milliseconds.
  if (limit?.trim() === '' || !(limitSeconds >= 0 && limitSeconds <= 2e6)) {
    throw new UserError(`--open-limit is a number of seconds from 0 to 2000000, not "${limit}".`);
  }
  let next = 0;
  return {
    async during(what, work) {
      const id = next++;
      await tell({ kind: 'begins', id, what, limitSeconds });
      try {
        return await work();
      } finally {
        await tell({ kind: 'ended', id });
      }
    },
  };
}

/** onnxruntime in Node, each of whose sessions is made under the watch. */
export const watchedRuntime = (watch: OpeningWatch): Runtime =>
  nodeRuntime((create) => {
    endWithSupervisor();
    return watch.during('Making a session in onnxruntime', create);
  });

const ORPHAN = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

let watching = false;

/** Ends this process when its supervisor has died, even while native code blocks its event loop. */
function endWithSupervisor(): void {
  if (watching || !process.connected) return;
  watching = true;
  new Worker(ORPHAN, { eval: true, workerData: process.ppid, stdout: false, stderr: false }).unref();
}
