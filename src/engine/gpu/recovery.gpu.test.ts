import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withRecovery } from '../backend/recovery';
import { GpuError } from '../core/errors';
import { expectClose } from '../reference/compare';
import { factorize } from '../reference/factorize';
import { matmul } from '../reference/matmul';
import { norms } from '../reference/norms';
import { normal } from '../reference/random';
import { createGpuBackend, type GpuBackend } from './backend';
import { openDevice } from './device';
import { Dispatcher } from './dispatcher';
import { type FailingGpu, failingGpu, product } from './failing.fixtures';
import { panelRows } from './panels';
import { tunedVariants } from './products/tunedVariants';
import { closeSession, openSession } from './session';
import { Tuning } from './tuning';

let failing: FailingGpu;
let backend: GpuBackend;
beforeEach(async () => {
  failing = await failingGpu();
});
afterEach(() => backend?.dispose());

const open = async (panelBytes = Number.POSITIVE_INFINITY) => {
  backend = (await createGpuBackend(failing.gpu, { panelBytes }))!;
};
const single = (length: number, seed: number) => Float32Array.from(normal(length, seed));

describe('a lost device', () => {
  it('is told in a sentence, and replaced by one that works', async () => {
    await open();
    const [a, b] = [single(70 * 30, 1), single(30 * 20, 2)];
    const before = backend.upload(a, 70, 30);
    failing.opened[0]!.destroy();
    const told: string[] = [];
    const found = await withRecovery(
      backend,
      () => product(backend, a, b, 70, 30, 20),
      (sentence) => told.push(sentence),
    );
    expect(told).toEqual([expect.stringMatching(/ was lost \(.*\); try again, or use the CPU backend\.$/)]);
    expect(failing.opened).toHaveLength(2);
    expectClose(found, matmul(a, b, 70, 20, 30), 2e-7 * 30 + 1e-6);
    // What the first device held is gone: using it says why, freeing it does nothing.
    await expect(backend.download(before)).rejects.toBeInstanceOf(GpuError);
    backend.free(before);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });

  it('is told while a factorisation runs, and by every call after it until it is replaced', async () => {
    await open();
    const a = backend.upload(single(128 * 128, 3), 128, 128);
    const running = backend.leftSingularVectors(a, { onProgress: () => failing.opened[0]!.destroy() });
    await expect(running).rejects.toMatchObject({ reason: 'lost' });
    await expect(backend.download(a)).rejects.toMatchObject({ reason: 'lost' });
    expect(() => backend.upload(new Float32Array(1), 1, 1)).toThrow(GpuError);
  });

  it('is replaced once for two jobs that it broke', async () => {
    await open();
    const [a, b] = [single(64 * 64, 4), single(64 * 64, 5)];
    failing.opened[0]!.destroy();
    const job = () => withRecovery(backend, () => product(backend, a, b, 64, 64, 64));
    const [one, other] = await Promise.all([job(), job()]);
    expect(one).toEqual(other);
    expect(failing.opened).toHaveLength(2);
  });

  it('is told by what waits for a pipeline, and by what waits for values', async () => {
    await open();
    const [a, b] = [backend.upload(single(300 * 70, 6), 300, 70), backend.upload(single(70 * 90, 7), 70, 90)];
    // Nothing was multiplied yet: the product waits for its pipeline first.
    const multiplying = backend.multiply(a, b);
    failing.opened[0]!.destroy();
    await expect(multiplying).rejects.toMatchObject({ reason: 'lost' });
    const job = () => {
      const downloading = product(backend, single(16, 8), single(16, 9), 4, 4, 4);
      if (failing.opened.length === 2) setTimeout(() => failing.opened[1]!.destroy());
      return downloading;
    };
    const expected = matmul(single(16, 8), single(16, 9), 4, 4, 4);
    expectClose(await withRecovery(backend, job), expected, 2e-6);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
    expect(failing.openScopes).toBe(0);
  });

  it('is told while variants are timed, and leaves nothing behind', async () => {
    const session = (await openSession(failing.gpu, { panelBytes: Number.POSITIVE_INFINITY }))!;
    const store = {
      read: async () => {
        failing.opened.at(-1)!.destroy();
        return undefined;
      },
      write: async () => undefined,
    };
    const tuning = new Tuning('a test', store);
    await expect(tunedVariants({ ...session, tuning })).rejects.toMatchObject({ reason: 'lost' });
    expect(session.buffers.count).toBe(0);
    closeSession(session);
  });

  it('is not replaced where no other is to be had, until one is', async () => {
    await open();
    failing.mostDevices = 1;
    failing.opened[0]!.destroy();
    const job = () => withRecovery(backend, () => product(backend, single(4, 1), single(4, 2), 2, 2, 2));
    await expect(job()).rejects.toThrow(/ was lost \(.*\); try again, or use the CPU backend\.$/);
    await expect(job()).rejects.toMatchObject({ reason: 'lost' });
    failing.mostDevices = 2;
    expectClose(await job(), matmul(single(4, 1), single(4, 2), 2, 2, 2), 2e-6);
    expect(failing.opened).toHaveLength(2);
  });

  it('is one that does not answer', async () => {
    const device = (await openDevice(failing.gpu, 300))!;
    failing.silent = true;
    const waiting = new Dispatcher(device).settle();
    await expect(waiting).rejects.toThrow(/ did not answer for \d+ seconds; try again, or use the CPU backend\.$/);
    expect(await device.lost).toMatch(/ did not answer /);
    expect(() => device.check()).toThrow(GpuError);
    // It goes without being waited for.
    device.destroy();
  });

  it('is given up where the next ones are lost too', async () => {
    await open();
    const work = async () => {
      failing.opened.at(-1)!.destroy();
      return product(backend, single(4, 1), single(4, 2), 2, 2, 2);
    };
    await expect(withRecovery(backend, work)).rejects.toMatchObject({ reason: 'lost' });
    expect(failing.opened).toHaveLength(4);
  });
});

describe('panels', () => {
  it('hold all rows, in multiples of 64', () => {
    expect(panelRows(100, 10, 1e9)).toEqual([100]);
    expect(panelRows(300, 10, 130 * 40)).toEqual([128, 128, 44]);
    // 64 rows are the least, whatever they take.
    expect(panelRows(130, 1000, 4)).toEqual([64, 64, 2]);
    expect(panelRows(0, 0, 4)).toEqual([0]);
  });

  it('multiply and factorise as one buffer does', async () => {
    await open(64 * 4 * 70);
    const [m, n, k] = [150, 131, 197];
    const [a, b] = [single(m * k, 8), single(k * n, 9)];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const left = backend.upload(a, ...((transposeA ? [k, m] : [m, k]) as [number, number]));
        const right = backend.upload(b, ...((transposeB ? [n, k] : [k, n]) as [number, number]));
        expect(backend.counts.buffers).toBeGreaterThan(5);
        expect(await backend.download(left)).toEqual(a);
        const result = await backend.multiply(left, right, { a: transposeA, b: transposeB });
        const expected = matmul(a, b, m, n, k, { transposeA, transposeB });
        expectClose(await backend.download(result), expected, 2e-7 * k + 1e-6);
        backend.free(left, right, result);
      }
    }
    const wide = single(70 * 300, 10).map((value) => value / 4);
    const matrix = backend.upload(wide, 70, 300);
    expect(backend.counts.buffers).toBe(2);
    const { vectors } = await backend.leftSingularVectors(matrix);
    const turned = await backend.multiply(vectors, matrix);
    const found = norms(await backend.download(turned), 70, 300).map(Math.sqrt);
    const known = norms(matmul(factorize(wide, 70, 300), wide, 70, 300, 70), 70, 300).map(Math.sqrt);
    expectClose(found, known, 2e-6 * known[0]!);
    backend.free(matrix, vectors, turned);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });
});

describe('200 small layers in a row', () => {
  it('hold as much after the last as after the first', async () => {
    await open();
    let peak = 0;
    for (let layer = 0; layer < 200; layer++) {
      const [m, n] = [8 + (layer % 3), 12];
      const a = backend.upload(
        single(m * n, layer).map((value) => value / 4),
        m,
        n,
      );
      const { vectors } = await backend.leftSingularVectors(a);
      const turned = await backend.multiply(vectors, a);
      expect(backend.counts.buffers).toBe(3);
      await backend.download(turned);
      backend.free(a, vectors, turned);
      expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
      if (layer === 3) peak = backend.counts.peakBytes;
    }
    expect(backend.counts.peakBytes).toBe(peak);
  });
});
