import type { Backend, Matrix } from '../backend/backend';
import { MAP_READ } from './constants';
import { testGpu } from './testing';

/** A real GPU whose devices a test can lose, silence or make refuse, and whose memory it can make run out. */
export interface FailingGpu {
  readonly gpu: GPU;
  /** Devices opened so far. */
  readonly opened: readonly GPUDevice[];
  /**
   * Buffers larger than this fail as WebGPU says: an error that is told later, to the innermost scope for it or to
   * nobody in particular, and a buffer that is invalid, so that whatever uses it fails too.
   */
  largestBuffer: number;
  /** Devices that can be had; after that many `requestDevice` rejects. */
  mostDevices: number;
  /** While true, no promise of the queue or of mapping is settled, as where a dispatch never ends. */
  silent: boolean;
  /** Error scopes that were opened and not closed. */
  readonly openScopes: number;
  /** Buffers that were refused so far. */
  readonly refused: number;
}

interface Scope {
  readonly filter: GPUErrorFilter;
  error?: GPUError;
}

// Both are uses of mapping, which WebGPU does not allow together.
const CONTRADICTING = MAP_READ | 0x02;
const never = () => new Promise<undefined>(() => undefined);

export async function failingGpu(): Promise<FailingGpu> {
  const real = await testGpu();
  const opened: GPUDevice[] = [];
  const all = new Map<GPUDevice, Scope[]>();
  const failing = {
    opened,
    largestBuffer: Number.POSITIVE_INFINITY,
    mostDevices: Number.POSITIVE_INFINITY,
    silent: false,
    refused: 0,
    get openScopes() {
      return [...all.values()].reduce((sum, scopes) => sum + scopes.length, 0);
    },
  };

  /** Makes the device's scopes known, and able to hold an error that is not its own. */
  function watchScopes(device: GPUDevice, scopes: Scope[]) {
    const push = device.pushErrorScope.bind(device);
    const pop = device.popErrorScope.bind(device);
    device.pushErrorScope = (filter) => {
      scopes.push({ filter });
      push(filter);
      return undefined;
    };
    device.popErrorScope = async () => {
      const scope = scopes.pop();
      return (await pop()) ?? scope?.error ?? null;
    };
  }

  function limitMemory(device: GPUDevice) {
    const scopes: Scope[] = [];
    all.set(device, scopes);
    watchScopes(device, scopes);
    const create = device.createBuffer.bind(device);
    /** The errors to tell, or undefined where a scope has it already, of refused buffers in their order. */
    const pending: (GPUError | undefined)[] = [];
    // What the device says of the contradiction comes in its order among other errors, as the lack of memory would.
    device.addEventListener('uncapturederror', (event) => {
      if (pending.length === 0 || !/CreateBuffer/i.test((event as GPUUncapturedErrorEvent).error.message)) return;
      event.stopImmediatePropagation();
      const error = pending.shift();
      if (error) device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
    });
    device.createBuffer = (wanted) => {
      if (wanted.size <= failing.largestBuffer) return silenceable(create(wanted));
      failing.refused++;
      const error = new GPUOutOfMemoryError('no memory');
      const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
      if (scope) scope.error ??= error;
      pending.push(scope ? undefined : error);
      return create({ label: wanted.label ?? '', size: wanted.size, usage: CONTRADICTING });
    };
  }

  function silenceable(buffer: GPUBuffer): GPUBuffer {
    const map = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (...args) => (failing.silent ? never() : map(...args));
    return buffer;
  }

  const gpu = {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await real.requestAdapter(options);
      const request = adapter?.requestDevice.bind(adapter);
      if (!adapter || !request) return null;
      adapter.requestDevice = async (descriptor) => {
        if (opened.length >= failing.mostDevices) throw new DOMException('no device', 'OperationError');
        const device = await request(descriptor);
        limitMemory(device);
        const { queue } = device;
        const done = queue.onSubmittedWorkDone.bind(queue);
        queue.onSubmittedWorkDone = () => (failing.silent ? never() : done());
        opened.push(device);
        return device;
      };
      return adapter;
    },
  } as unknown as GPU;
  return Object.assign(failing, { gpu });
}

/** What a layer's work looks like: a few matrices, freed whatever happens. */
export async function product(on: Backend, a: Float32Array, b: Float32Array, m: number, k: number, n: number) {
  const held: Matrix[] = [];
  try {
    held.push(on.upload(a, m, k));
    held.push(on.upload(b, k, n));
    held.push(await on.multiply(held[0]!, held[1]!));
    return await on.download(held[2]!);
  } finally {
    on.free(...held);
  }
}
