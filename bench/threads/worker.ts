import type { HostTensor } from '../../src/engine/runtime';
import { webRuntime } from '../../src/runtime/web';

export interface Task {
  readonly threads: number;
  readonly model: Uint8Array;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  readonly ms: number;
}

export interface Done {
  readonly runtime: string;
  /** Of each run, in milliseconds. */
  readonly latencies: readonly number[];
}

// Runs a model again and again, as the engine's worker does while it compares or calibrates.
self.onmessage = async ({ data: { threads, model, feeds, ms } }: MessageEvent<Task>) => {
  const runtime = await webRuntime(threads);
  const session = await runtime.open({ bytes: model, externalData: [] }, 'wasm');
  for (let i = 0; i < 3; i++) await session.run(feeds);
  self.postMessage('warm');
  const latencies: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const started = performance.now();
    await session.run(feeds);
    latencies.push(performance.now() - started);
  }
  self.postMessage({ runtime: runtime.name, latencies } satisfies Done);
};
