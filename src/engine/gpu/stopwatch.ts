import { USAGE } from './constants';
import type { Device } from './device';
import type { Dispatch, Dispatcher } from './dispatcher';

/**
 * How times are measured: by the GPU's own clock, or on the host around a wait for the queue, which adds some 0.1 to 1
 * ms.
 */
export type Clock = 'timestamp-query' | 'synchronised';

// Of GPUBufferUsage.
const QUERY_RESOLVE = 0x200;

/** Times dispatches, as one submission. */
export class Stopwatch {
  readonly clock: Clock;
  readonly #queries: { readonly set: GPUQuerySet; readonly resolved: GPUBuffer } | undefined;

  constructor(
    private readonly device: Device,
    private readonly dispatcher: Dispatcher,
  ) {
    const { gpu } = device;
    this.clock = gpu.features.has('timestamp-query') ? 'timestamp-query' : 'synchronised';
    if (this.clock === 'synchronised') return;
    this.#queries = {
      set: gpu.createQuerySet({ type: 'timestamp', count: 2 }),
      resolved: gpu.createBuffer({ size: 16, usage: QUERY_RESOLVE | USAGE.copySource }),
    };
  }

  /** Milliseconds. */
  async time(dispatches: readonly Dispatch[]): Promise<number> {
    const { gpu } = this.device;
    await this.dispatcher.settle();
    if (!this.#queries) {
      const started = performance.now();
      this.dispatcher.submit(dispatches);
      await this.dispatcher.settle();
      return performance.now() - started;
    }
    const { set, resolved } = this.#queries;
    this.dispatcher.submit(dispatches, {
      querySet: set,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    });
    const staging = gpu.createBuffer({ size: 16, usage: USAGE.mapRead | USAGE.copyTarget });
    try {
      const encoder = gpu.createCommandEncoder();
      encoder.resolveQuerySet(set, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
      gpu.queue.submit([encoder.finish()]);
      await this.device.guard(staging.mapAsync(0x01));
      const [begin, end] = new BigUint64Array(staging.getMappedRange());
      return Number(end! - begin!) / 1e6;
    } finally {
      staging.destroy();
    }
  }

  free(): void {
    this.#queries?.set.destroy();
    this.#queries?.resolved.destroy();
  }
}
