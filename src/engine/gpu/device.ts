import { GpuError } from '../core/errors';

export interface Subgroups {
  readonly least: number;
  readonly most: number;
}

/** An adapter's device and what the rest of `gpu/` needs to know of it. */
export interface Device {
  readonly gpu: GPUDevice;
  /** The adapter's name, for people. */
  readonly name: string;
  /** Whether it is a software adapter: correct, but slower than the CPU backend. */
  readonly software: boolean;
  /** Bytes of the largest matrix that a kernel can read. */
  readonly largestBinding: number;
  /** The possible sizes of subgroups. Undefined where WGSL has no subgroups here. */
  readonly subgroups?: Subgroups | undefined;
  /** Resolves with a sentence when the device is gone, other than by `destroy`. */
  readonly lost: Promise<string>;
  /** Why the device can no longer be used. Undefined while it can. */
  readonly failed: GpuError | undefined;
  /**
   * Throws what went wrong. A lost device, or one whose memory ran out, throws every time, since its buffers cannot be
   * used any more. An invalid command throws once.
   */
  check(): void;
  /**
   * The promise's value, or what went wrong meanwhile: a promise that a lost device rejects explains little. A device
   * that does not answer within the limit counts as lost.
   */
  guard<T>(promise: Promise<T>): Promise<T>;
  destroy(): void;
}

// How long to wait for the cause after a failed call.
const PATIENCE_MS = 200;

/**
 * How long an answer may take before the device counts as lost. Work is handed over in batches of 80 ms (`Pace`), and a
 * browser or a driver resets a GPU that is busy for 2 to 30 s; but lavapipe, which has no such watchdog, compiles a
 * kernel at its first dispatch, and took 31 s for one, and 72 s beside other work.
 */
const ANSWER_MS = 240_000;
// A suspended machine does not count: its timers stand still, and each is short.
const TICKS = 24;

// Dawn in Node frees its instance with the GPU object, although devices still run on it: the process aborts.
const kept = new Set<GPU>();

/**
 * Opens the fastest adapter with the largest buffers it offers; null where there is no adapter. `gpu` is
 * `navigator.gpu` in a page or worker, and Dawn's `create([])` in Node. A device that gives no answer for `answerMs` counts
 * as lost.
 */
export async function openDevice(gpu: GPU, answerMs = ANSWER_MS): Promise<Device | null> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return null;
  kept.add(gpu);
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    // Timestamps are for measurements; a feature costs nothing until it is used.
    requiredFeatures: (['timestamp-query', 'subgroups'] as const).filter((feature) => adapter.features.has(feature)),
  });
  const name = nameOf(adapter);

  let failure: Error | undefined;
  let failed: GpuError | undefined;
  let destroyed = false;
  let silent = false;
  let announce: (sentence: string) => void;
  const lost = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const lose = (reason: string) => {
    failed = new GpuError(`${name} ${reason}; try again, or use the CPU backend.`, 'lost');
    announce(failed.message);
  };
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    if (error.constructor.name === 'GPUOutOfMemoryError') {
      failed ??= new GpuError(`${name} has no memory left for this layer; use the CPU backend.`, 'memory');
    } else failure ??= new Error(`${name}: ${error.message}`);
  });
  device.lost.then((info) => {
    if (!destroyed) lose(`was lost (${info.message || info.reason})`);
  });

  const check = () => {
    // Buffers that could not be allocated are invalid, and make later commands fail. Those are no failures of their
    // own.
    if (failed) throw failed;
    if (!failure) return;
    const error = failure;
    failure = undefined;
    throw error;
  };

  /** Rejects with a GpuError where no answer comes for too long. */
  const answered = async <T>(promise: Promise<T>): Promise<T> => {
    const waiting = Symbol();
    for (let tick = 0; tick < TICKS; tick++) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const passed = new Promise<typeof waiting>((resolve) => {
        timer = setTimeout(resolve, answerMs / TICKS, waiting);
      });
      const first = await Promise.race([promise, passed]).finally(() => clearTimeout(timer));
      if (first !== waiting) return first as T;
    }
    silent = true;
    lose(`did not answer for ${Math.round(answerMs / 1000)} seconds`);
    throw failed;
  };

  return {
    gpu: device,
    name,
    software: isSoftware(adapter, name),
    largestBinding: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    subgroups: subgroupsOf(device, adapter.info),
    lost,
    get failed() {
      return failed;
    },
    check,
    async guard(promise) {
      try {
        const value = await answered(promise);
        check();
        return value;
      } catch (error) {
        if (failed) throw failed;
        // The loss may be reported after the calls that fail because of it.
        await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
        check();
        throw error;
      }
    },
    destroy() {
      destroyed = true;
      // In `destroy` Dawn waits for running work, which may never end. Buffers are freed without it.
      if (!silent) device.destroy();
    },
  };
}

/** Whether WebGPU has only a software adapter here: correct, but slower than the CPU. False without an adapter. */
export async function isSoftwareOnly(gpu: GPU): Promise<boolean> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  kept.add(gpu);
  return adapter !== null && isSoftware(adapter, nameOf(adapter));
}

function subgroupsOf({ features }: GPUDevice, { subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo) {
  if (!features.has('subgroups')) return undefined;
  // The least and the most that WGSL allows, where an older browser does not say.
  return { least: subgroupMinSize ?? 4, most: subgroupMaxSize ?? 128 };
}

function nameOf({ info: { vendor, architecture, device, description } }: GPUAdapter): string {
  return description || [vendor, architecture, device].filter(Boolean).join(' ') || 'unnamed WebGPU adapter';
}

// Chromium and Dawn name the software adapters even where they don't flag them as fallback.
function isSoftware(adapter: GPUAdapter, name: string): boolean {
  const fallback = adapter.info.isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter;
  return (
    fallback === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${name} ${adapter.info.architecture}`)
  );
}
