import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withRecovery } from '../backend/recovery';
import { GpuError } from '../core/errors';
import { expectClose } from '../reference/compare';
import { matmul } from '../reference/matmul';
import { normal } from '../reference/random';
import { createGpuBackend, type GpuBackend } from './backend';
import { type FailingGpu, failingGpu, product } from './failing.fixtures';

const MIB = 2 ** 20;

let failing: FailingGpu;
let backend: GpuBackend;
beforeEach(async () => {
  failing = await failingGpu();
});
afterEach(() => {
  backend?.dispose();
  expect(failing.openScopes).toBe(0);
});

const open = async (panelBytes = Number.POSITIVE_INFINITY) => {
  backend = (await createGpuBackend(failing.gpu, { panelBytes }))!;
};
const single = (length: number, seed: number) => Float32Array.from(normal(length, seed));

const small = () => product(backend, single(16, 1), single(16, 2), 4, 4, 4);
const expectSmall = async () => expectClose(await small(), matmul(single(16, 1), single(16, 2), 4, 4, 4), 2e-6);

// Rows of one value each, so that the product is known without a twin that takes seconds.
const rowValues = single(3072, 6);
const tall = new Float32Array(3072 * 1024);
for (let i = 0; i < 3072; i++) tall.fill(rowValues[i]!, i * 1024, (i + 1) * 1024);

describe('the buffer that there is no memory for', () => {
  it('is invalid, and an error goes to the scope for it, or to all', async () => {
    const adapter = (await failing.gpu.requestAdapter())!;
    const device = await adapter.requestDevice();
    const errors: string[] = [];
    device.addEventListener('uncapturederror', (event) => {
      errors.push((event as GPUUncapturedErrorEvent).error.constructor.name);
    });
    failing.largestBuffer = 1024;
    device.pushErrorScope('out-of-memory');
    device.createBuffer({ size: 2048, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    expect(await device.popErrorScope()).toBeInstanceOf(GPUOutOfMemoryError);
    expect(errors).toEqual([]);
    const buffer = device.createBuffer({ size: 2048, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, new Float32Array(512));
    await expect(buffer.mapAsync(GPUMapMode.READ)).rejects.toThrow();
    await device.queue.onSubmittedWorkDone();
    expect(errors.slice(0, 2)).toEqual(['GPUOutOfMemoryError', 'GPUValidationError']);
    device.destroy();
  });
});

describe('memory that runs out', () => {
  it('is met by smaller panels', async () => {
    await open(16 * MIB);
    failing.largestBuffer = 5 * MIB;
    // 12 MiB in one buffer: fails, as its halves of up to 8 MiB do; panels of 4 MiB are had.
    const b = single(1024, 7);
    const sum = b.reduce((total, value) => total + value, 0);
    const told: string[] = [];
    const job = () => product(backend, tall, b, 3072, 1024, 1);
    const found = await withRecovery(backend, job, (sentence) => told.push(sentence));
    expect(failing.opened).toHaveLength(3);
    expect(told).toEqual(Array(2).fill(expect.stringMatching(/ has no memory left for this layer; /)));
    expect(backend.counts.peakBytes).toBeGreaterThan(12 * MIB);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
    // 1024 roundings of partial sums of at most some 3·√1024, times values of up to 4.
    const expected = Float64Array.from(rowValues, (value) => value * sum);
    expectClose(found, expected, 4 * (2e-7 * 1024) + 1e-6);
    // The panels stay small, and the job goes on.
    await expectSmall();
    expect(failing.opened).toHaveLength(3);
  });

  it('ends in a sentence where no panel is small enough, and leaves a device for what needs less', async () => {
    await open(8 * MIB);
    failing.largestBuffer = 1 * MIB;
    const job = () => product(backend, new Float32Array(MIB), new Float32Array(1024), 1024, 1024, 1);
    await expect(withRecovery(backend, job)).rejects.toThrow(
      / has no memory left for this layer; use the CPU backend\.$/,
    );
    expect(failing.opened).toHaveLength(3);
    await expectSmall();
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });

  it.each([
    ['an operand', 3 * MIB, 1024, 1024, 8],
    // Operands of 8 kB, a result of 4 MiB.
    ['the result', 3 * MIB, 1024, 2, 1024],
  ])('in %s never gives numbers', async (_, largest, m, k, n) => {
    await open(64 * MIB);
    failing.largestBuffer = largest;
    const job = () => product(backend, single(m * k, 3), single(k * n, 4), m, k, n);
    await expect(job()).rejects.toMatchObject({ reason: 'memory' });
    // Nor does what came through before: the device is done with.
    await expect(small()).rejects.toBeInstanceOf(GpuError);
    expect(failing.refused).toBeGreaterThan(0);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });

  it('on the way back is told too', async () => {
    await open();
    const matrix = backend.upload(single(64 * 64, 5), 64, 64);
    failing.largestBuffer = 1024;
    await expect(backend.download(matrix)).rejects.toMatchObject({ reason: 'memory' });
    failing.largestBuffer = MIB;
    backend.free(matrix);
    await withRecovery(backend, expectSmall);
    expect(failing.opened).toHaveLength(2);
  });

  it('in a factorisation is told, and its buffers are freed', async () => {
    await open();
    const values = single(96 * 96, 5).map((value) => value / 8);
    const factorised = async () => {
      const matrix = backend.upload(values, 96, 96);
      try {
        const { vectors } = await backend.leftSingularVectors(matrix);
        const found = await backend.download(vectors);
        backend.free(vectors);
        return found;
      } finally {
        backend.free(matrix);
      }
    };
    const known = await factorised();
    failing.largestBuffer = 8000;
    const again = withRecovery(backend, factorised, () => {
      failing.largestBuffer = Number.POSITIVE_INFINITY;
    });
    expect(await again).toEqual(known);
    expect(failing.opened).toHaveLength(2);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });
});
