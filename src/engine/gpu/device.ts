import { GpuError } from '../errors';

export interface Subgroups {
  readonly least: number;
  readonly most: number;
}

/** An adapter's device and what the rest of `gpu/` needs to know of it. */
export interface Device {
  readonly gpu: GPUDevice;
  /** The adapter as people call it. */
  readonly name: string;
  /** A software adapter: correct, but slower than the CPU backend. */
  readonly software: boolean;
  /** Bytes of the largest matrix that a kernel can read. */
  readonly largestBinding: number;
  /** The sizes that subgroups may have; undefined where WGSL has none here. */
  readonly subgroups?: Subgroups | undefined;
  /** Resolves with a sentence when the device is gone, other than by `destroy`. */
  readonly lost: Promise<string>;
  /** Why the device is of no further use; undefined while it is. */
  readonly failed: GpuError | undefined;
  /** Throws what has gone wrong since the last call: a lost device, memory, an invalid command. */
  check(): void;
  /** The promise's value, or what has gone wrong meanwhile: a promise that a lost device rejects tells little itself. */
  guard<T>(promise: Promise<T>): Promise<T>;
  destroy(): void;
}

// How long after a failed call its cause is waited for.
const PATIENCE_MS = 200;

// Dawn in Node frees its instance with the GPU object, although devices still run on it: the process aborts.
const kept = new Set<GPU>();

/**
 * Opens the fastest adapter with the largest buffers it offers; null where there is no adapter. `gpu` is
 * `navigator.gpu` in a page or worker, and Dawn's `create([])` in Node.
 */
export async function openDevice(gpu: GPU): Promise<Device | null> {
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
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const outOfMemory = error.constructor.name === 'GPUOutOfMemoryError';
    if (outOfMemory)
      failed ??= new GpuError(`${name} has no memory left for this layer; use the CPU backend.`, 'memory');
    failure ??= outOfMemory ? failed : new Error(`${name}: ${error.message}`);
  });
  const lost = new Promise<string>((resolve) => {
    device.lost.then((info) => {
      if (destroyed) return;
      const sentence = `${name} was lost (${info.message || info.reason}); try again, or use the CPU backend.`;
      failed = new GpuError(sentence, 'lost');
      resolve(sentence);
    });
  });

  const check = () => {
    // A device that is gone stays gone; any other fault is told once.
    if (failed && (failed.reason === 'lost' || destroyed)) throw failed;
    if (!failure) return;
    const error = failure;
    failure = undefined;
    throw error;
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
        const value = await promise;
        check();
        return value;
      } catch (error) {
        // The loss may be announced after the calls that it makes fail.
        await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
        check();
        throw error;
      }
    },
    destroy() {
      destroyed = true;
      device.destroy();
    },
  };
}

/** Whether WebGPU has nothing but a software adapter here: right, but slower than the CPU. False without an adapter. */
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
