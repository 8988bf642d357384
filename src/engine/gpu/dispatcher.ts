import { USAGE } from './constants';
import type { Device } from './device';
import { type Kernel, type UniformLayout, type UniformValues, writeUniforms } from './kernel';
import type { Pace } from './pace';
import { Pipelines } from './pipelines';

/** A whole buffer, or its part after `offset` bytes (a multiple of 256, which every adapter can bind). */
export type Binding = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number };

/** One run of a kernel. `work` is its cost in floating-point operations, for pacing. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly uniforms: UniformValues<UniformLayout>;
  readonly buffers: readonly Binding[];
  readonly work: number;
}

export interface PacedCall {
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with its work. */
  readonly onWork?: ((work: number) => void) | undefined;
  /** Whether to wait for the last batch too; usually true. Otherwise a later call reports what goes wrong in it. */
  readonly wait?: boolean;
}

/** What was submitted at a pace since the GPU was last idle. */
interface Flight {
  readonly work: number;
  readonly started: number;
  readonly done: Promise<void>;
}

/** Types a dispatch by its kernel. `buffers` in the order of the kernel's bindings. */
export function dispatch<L extends UniformLayout>(
  kernel: Kernel<L>,
  uniforms: UniformValues<L>,
  buffers: readonly Binding[],
  work: number,
): Dispatch {
  return { kernel: kernel as unknown as Kernel, uniforms: uniforms as UniformValues<UniformLayout>, buffers, work };
}

const resourceOf = (binding: Binding): GPUBufferBinding => ('offset' in binding ? binding : { buffer: binding });

/** The part of a binding after so many bytes. */
export function fromOffset(binding: Binding, bytes: number): Binding {
  const { buffer, offset = 0 } = resourceOf(binding) as { buffer: GPUBuffer; offset?: number };
  return { buffer, offset: offset + bytes };
}

function sameBinding(one: Binding, other: Binding): boolean {
  const [first, second] = [resourceOf(one), resourceOf(other)];
  return first.buffer === second.buffer && (first.offset ?? 0) === (second.offset ?? 0);
}

// minUniformBufferOffsetAlignment is at most this on every adapter.
const SLOT = 256;
const SLOTS_AT_ONCE = 4096;
// Launching costs about as much as this many operations, even on a slow adapter.
const LAUNCH = 5e4;

/** The first of several passes records the beginning, the last one the end. */
function cutTimestamps(
  { querySet, beginningOfPassWriteIndex, endOfPassWriteIndex }: GPUComputePassTimestampWrites,
  from: number,
  count: number,
  total: number,
): GPUComputePassTimestampWrites | undefined {
  const [first, last] = [from === 0, from + count === total];
  if (!first && !last) return undefined;
  return {
    querySet,
    ...(first && beginningOfPassWriteIndex !== undefined && { beginningOfPassWriteIndex }),
    ...(last && endOfPassWriteIndex !== undefined && { endOfPassWriteIndex }),
  };
}

/** Sends dispatches to the queue, in order; each sees what those before it wrote. */
export class Dispatcher {
  readonly pipelines: Pipelines;
  #dispatches = 0;
  #submissions = 0;
  readonly #uniformPool: GPUBuffer[] = [];
  readonly #flights = new WeakMap<Pace, Flight>();

  constructor(private readonly device: Device) {
    this.pipelines = new Pipelines(device);
  }

  get dispatches(): number {
    return this.#dispatches;
  }
  get submissions(): number {
    return this.#submissions;
  }

  /** Submits at once, without waiting. `timestamps` are written before the first dispatch and after the last. */
  submit(dispatches: readonly Dispatch[], timestamps?: GPUComputePassTimestampWrites): void {
    for (let from = 0; from < dispatches.length; from += SLOTS_AT_ONCE) {
      const part = dispatches.slice(from, from + SLOTS_AT_ONCE);
      this.#submit(part, timestamps && cutTimestamps(timestamps, from, part.length, dispatches.length));
    }
  }

  /**
   * Submits in batches of at most `pace.budget`, waits for each, and checks the signal in between, so an abort takes
   * effect within one batch. The dispatches are created lazily, so they are cut to the current budget.
   */
  async runPaced(dispatches: Iterable<Dispatch>, pace: Pace, call: PacedCall = {}): Promise<void> {
    const { signal, onWork, wait = true } = call;
    let batch: Dispatch[] = [];
    let work = 0;
    const send = () => {
      if (!batch.length) return;
      signal?.throwIfAborted();
      this.#send(batch, work, pace);
      batch = [];
    };
    const flush = async () => {
      const sent = work;
      send();
      work = 0;
      await this.device.guard(this.#flights.get(pace)?.done ?? Promise.resolve());
      if (sent > 0) onWork?.(sent);
      signal?.throwIfAborted();
    };
    for (const next of dispatches) {
      const cost = next.work + LAUNCH;
      if ((this.#flights.get(pace)?.work ?? 0) + work + cost > pace.budget) await flush();
      batch.push(next);
      work += cost;
    }
    if (wait) await flush();
    else send();
  }

  #send(batch: readonly Dispatch[], work: number, pace: Pace): void {
    const before = this.#flights.get(pace);
    const started = before?.started ?? performance.now();
    this.submit(batch);
    // Not guarded: an error is reported once, and must reach somebody who waits.
    const landed = this.device.gpu.queue.onSubmittedWorkDone().catch(() => undefined);
    const flight: Flight = {
      work: (before?.work ?? 0) + work,
      started,
      done: landed.then(() => {
        // The queue runs in order: the last sender records the time.
        if (this.#flights.get(pace) !== flight) return;
        this.#flights.delete(pace);
        pace.record(flight.work, performance.now() - started);
      }),
    };
    this.#flights.set(pace, flight);
  }

  /** Copies `length` 32-bit elements from element `first` on to the beginning of `to`. */
  copy(from: GPUBuffer, to: GPUBuffer, length: number, first = 0): void {
    const encoder = this.device.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(from, first * 4, to, 0, length * 4);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  clear(buffer: GPUBuffer): void {
    const encoder = this.device.gpu.createCommandEncoder();
    encoder.clearBuffer(buffer);
    this.device.gpu.queue.submit([encoder.finish()]);
  }

  /** Resolves when all submitted work is done; throws what went wrong. */
  async settle(): Promise<void> {
    await this.device.guard(this.device.gpu.queue.onSubmittedWorkDone());
  }

  #submit(dispatches: readonly Dispatch[], timestampWrites?: GPUComputePassTimestampWrites): void {
    const { gpu } = this.device;
    const uniforms = new DataView(new ArrayBuffer(dispatches.length * SLOT));
    const uniformBuffer = this.#uniformBuffer(uniforms.byteLength);
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
    const groups = new Map<Kernel, { buffers: readonly Binding[]; group: GPUBindGroup }[]>();
    dispatches.forEach(({ kernel, uniforms: values, buffers }, slot) => {
      writeUniforms(uniforms, slot * SLOT, kernel.uniforms, values);
      const { pipeline, layout } = this.pipelines.get(kernel);
      let known = groups.get(kernel);
      if (!known) groups.set(kernel, (known = []));
      let group = known.find((candidate) =>
        candidate.buffers.every((buffer, i) => sameBinding(buffer, buffers[i]!)),
      )?.group;
      if (!group) {
        const size = Object.keys(kernel.uniforms).length * 4;
        const entries = [{ buffer: uniformBuffer, size }, ...buffers.map(resourceOf)];
        group = gpu.createBindGroup({
          layout,
          entries: entries.map((resource, binding) => ({ binding, resource })),
        });
        known.push({ buffers, group });
      }
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group, [slot * SLOT]);
      pass.dispatchWorkgroups(...kernel.grid(values));
    });
    pass.end();
    gpu.queue.writeBuffer(uniformBuffer, 0, uniforms.buffer);
    gpu.queue.submit([encoder.finish()]);
    // The queue runs in order: a later write to this buffer waits for these dispatches.
    this.#uniformPool.push(uniformBuffer);
    this.#dispatches += dispatches.length;
    this.#submissions++;
  }

  #uniformBuffer(bytes: number): GPUBuffer {
    const found = this.#uniformPool.findIndex((buffer) => buffer.size >= bytes);
    if (found >= 0) return this.#uniformPool.splice(found, 1)[0];
    for (const small of this.#uniformPool.splice(0)) small.destroy();
    // Rounded up to a power of two, so that a few buffers serve all batches.
    const size = Math.max(SLOT * 16, 2 ** Math.ceil(Math.log2(bytes)));
    return this.device.gpu.createBuffer({ label: 'uniforms', size, usage: USAGE.uniform | USAGE.copyTarget });
  }
}
