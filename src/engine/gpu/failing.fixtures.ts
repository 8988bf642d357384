import { testGpu } from './testing';

/** A real GPU whose devices a test can lose, and whose memory it can make run out. */
export interface FailingGpu {
  readonly gpu: GPU;
  /** Devices opened so far. */
  readonly opened: readonly GPUDevice[];
  /** Buffers larger than this fail as WebGPU says: an error told later, and a buffer that is invalid. */
  largestBuffer: number;
}

export async function failingGpu(): Promise<FailingGpu> {
  const real = await testGpu();
  const opened: GPUDevice[] = [];
  const failing = { opened, largestBuffer: Number.POSITIVE_INFINITY };
  const gpu = {
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await real.requestAdapter(options);
      const request = adapter?.requestDevice.bind(adapter);
      if (!adapter || !request) return null;
      adapter.requestDevice = async (descriptor) => {
        const device = await request(descriptor);
        const create = device.createBuffer.bind(device);
        device.createBuffer = (wanted) => {
          if (wanted.size > failing.largestBuffer) {
            const error = new GPUOutOfMemoryError('no memory');
            device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }));
          }
          return create(wanted);
        };
        opened.push(device);
        return device;
      };
      return adapter;
    },
  } as unknown as GPU;
  return Object.assign(failing, { gpu });
}
