/**
 * A GPU whose devices time every compute pass, so that the engine is measured as it is. Passes do not overlap: each
 * sees what those before it wrote.
 */
export interface KernelClock {
  readonly gpu: GPU;
  readonly kind: 'timestamp-query' | 'synchronised';
  start(): void;
  /** Milliseconds that the passes took since `start`. */
  stop(): Promise<number>;
}

// A query set's limit.
const MOST_QUERIES = 4096;
const QUERY_RESOLVE = 0x200;
const COPY_SOURCE = 0x4;
const MAP_READ_USAGE = 0x1 | 0x8;
const MAP_READ = 1;

interface Sheet {
  readonly device: GPUDevice;
  readonly set: GPUQuerySet;
  used: number;
}

export function kernelClock(gpu: GPU): KernelClock {
  let running = false;
  let kind: KernelClock['kind'] = 'synchronised';
  const sheets: Sheet[] = [];
  const spans: { begin: number; end: number }[] = [];

  let opened: GPUDevice | undefined;

  function newSheet(device: GPUDevice): Sheet {
    const sheet = { device, set: device.createQuerySet({ type: 'timestamp', count: MOST_QUERIES }), used: 0 };
    sheets.push(sheet);
    return sheet;
  }

  /** Two free queries of the device; a sheet that is full is followed by another. */
  function queries(device: GPUDevice): GPUComputePassTimestampWrites {
    let sheet = sheets.findLast((one) => one.device === device);
    if (!sheet || sheet.used + 2 > MOST_QUERIES) sheet = newSheet(device);
    const at = sheet.used;
    sheet.used += 2;
    return { querySet: sheet.set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  function watch(device: GPUDevice): void {
    opened = device;
    if (device.features.has('timestamp-query')) {
      kind = 'timestamp-query';
      const createCommandEncoder = device.createCommandEncoder.bind(device);
      device.createCommandEncoder = (descriptor) => {
        const encoder = createCommandEncoder(descriptor);
        const beginComputePass = encoder.beginComputePass.bind(encoder);
        encoder.beginComputePass = (pass) =>
          beginComputePass(running ? { ...pass, timestampWrites: queries(device) } : pass);
        return encoder;
      };
      return;
    }
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (buffers) => {
      const begin = performance.now();
      submit(buffers);
      if (running) device.queue.onSubmittedWorkDone().then(() => spans.push({ begin, end: performance.now() }));
    };
  }

  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return adapter;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = async (descriptor) => {
      const device = await requestDevice(descriptor);
      watch(device);
      return device;
    };
    return adapter;
  };

  return {
    gpu,
    get kind() {
      return kind;
    },
    start() {
      running = true;
      for (const { set } of sheets.splice(0)) set.destroy();
      spans.length = 0;
      // Making one takes SwiftShader 0.4 s, which must not count.
      if (opened && kind === 'timestamp-query') newSheet(opened);
    },
    async stop() {
      running = false;
      if (kind === 'synchronised') return union(spans);
      let ms = 0;
      for (const sheet of sheets) ms += await total(sheet);
      return ms;
    },
  };
}

async function total({ device, set, used }: Sheet): Promise<number> {
  const size = used * 8;
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SOURCE });
  const staging = device.createBuffer({ size, usage: MAP_READ_USAGE });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(set, 0, used, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_READ);
  const times = new BigUint64Array(staging.getMappedRange().slice(0));
  staging.destroy();
  resolved.destroy();
  let ms = 0;
  for (let at = 0; at < used; at += 2) ms += Number(times[at + 1]! - times[at]!) / 1e6;
  return ms;
}

function union(spans: readonly { begin: number; end: number }[]): number {
  let ms = 0;
  let until = 0;
  for (const { begin, end } of spans.toSorted((a, b) => a.begin - b.begin)) {
    ms += Math.max(0, end - Math.max(begin, until));
    until = Math.max(until, end);
  }
  return ms;
}
