import * as Comlink from 'comlink';
import type { Job, JobProgress } from '../engine/project/engine';

// Imported by page and worker alike. Comlink proxies arguments, not what they hold, so that a Job's `onProgress` would
// not cross. A port does it instead: progress is told one way, and nobody waits for an answer.
const jobs: Comlink.TransferHandler<Job, { id: string; port: MessagePort }> = {
  canHandle: (value): value is Job =>
    typeof value === 'object' && value !== null && typeof (value as Partial<Job>).onProgress === 'function',
  serialize(job) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<JobProgress>) => job.onProgress?.(data);
    return [{ id: job.id, port: port2 }, [port2]];
  },
  deserialize: ({ id, port }) => ({ id, onProgress: (progress) => port.postMessage(progress) }),
};

Comlink.transferHandlers.set('job', jobs);
