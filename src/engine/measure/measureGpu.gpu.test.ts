import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CEILING_WORKGROUP, copyKernel, fmaKernel } from '../gpu/ceilings';
import { dispatch } from '../gpu/dispatcher';
import { tunedVariants } from '../gpu/products/tunedVariants';
import { closeSession, openSession, type Session } from '../gpu/session';
import { testGpu } from '../gpu/testing';
import { Tuning } from '../gpu/tuning';
import { usualVariants } from '../gpu/variants';
import * as reference from '../reference/ceilings';
import { expectClose } from '../reference/compare';
import { normal } from '../reference/random';
import { measureGpu } from './measureGpu';

let session: Session;
beforeAll(async () => {
  session = (await openSession(await testGpu(), { panelBytes: Number.POSITIVE_INFINITY }))!;
});
afterAll(() => closeSession(session));

describe('the kernels that measure', () => {
  it('run every step, and copy every value', async () => {
    const { dispatcher, buffers } = session;
    await dispatcher.pipelines.prepare(fmaKernel);
    await dispatcher.pipelines.prepare(copyKernel);
    const sums = buffers.create(2 * CEILING_WORKGROUP, 'a test');
    const values = Float32Array.from(normal(4 * 301, 1));
    const source = buffers.upload(values, 'a test');
    const copied = buffers.create(values.length, 'a test');
    dispatcher.submit([
      dispatch(fmaKernel, { steps: 20, workgroups: 2, factor: 0.75, term: 0.5 }, [sums], 0),
      dispatch(copyKernel, { quads: 301, workgroups: 3 }, [source, copied], 0),
    ]);
    const found = new Float32Array(await buffers.read(sums));
    // 32 chains that end near 2, each rounded in every step to 6e−8 of values up to 47 that decay; then 32 additions.
    expectClose(found, reference.fma(2 * CEILING_WORKGROUP, 20, 0.75, 0.5), 5e-4);
    expect(Float64Array.from(new Float32Array(await buffers.read(copied)))).toEqual(reference.copy(values));
  });
});

// What is timed does not matter here, so it is little.
const SMALL = { products: [64], vectors: [64], values: 2 ** 14, steps: 2, sparsity: { n: 40, tokens: [1, 9] } };

describe('tunedVariants', () => {
  const remembered = {
    'a test · matmul · large along depth': 'staged 16',
    'a test · matmul few · few along depth': '16×4',
    'a test · matmul vector · along depth': '2×32',
    'a test · row product · 1 token': '4',
    'a test · decoding product · 64 tokens': 'direct 8',
  };
  const tuned = (kept: Map<string, string>) => {
    const store = {
      read: async (key: string) => kept.get(key),
      write: async (key: string, value: string) => void kept.set(key, value),
    };
    // Time for one run, after which the usual variant is taken.
    return tunedVariants({ ...session, tuning: new Tuning('a test', store, 1) });
  };

  it('are those remembered', async () => {
    const expected = { matmul: 'staged 16', tile: 'staged 16' };
    const others = { few: '16×4', vector: '2×32', rowSlices: 4, decoding: 'direct 8' };
    expect(await tuned(new Map(Object.entries(remembered)))).toEqual({ ...expected, ...others });
    expect(await tunedVariants(session)).toEqual(usualVariants(session.device));
  });

  it.each(Object.keys(remembered))('%s is timed where it is not, and nothing is left behind', async (key) => {
    const kept = new Map(Object.entries(remembered));
    kept.delete(key);
    const held = session.buffers.count;
    const { tile: _, ...found } = await tuned(kept);
    const usual = usualVariants(session.device);
    const same = Object.entries(found).filter(([name, variant]) => variant === usual[name as keyof typeof usual]);
    expect(same).toHaveLength(1);
    expect(session.buffers.count).toBe(held);
    expect(kept.has(key)).toBe(false);
  });
});

describe('measureGpu', () => {
  it('reports rates for every kernel, and progress up to the end', async () => {
    const told: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => told.push(done / total);
    const report = await measureGpu(await testGpu(), { onProgress }, SMALL);
    expect(report.adapter).not.toBe('');
    expect(report.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    const { gflops, gigabytes } = report.ceilings;
    expect(gflops > 0 && gigabytes > 0).toBe(true);
    expect(report.kernels.length).toBe(4);
    for (const { ms, share, name } of report.kernels) {
      expect(ms, name).toBeGreaterThan(0);
      expect(Number.isFinite(share) && share > 0, name).toBe(true);
    }
    expect(report.sparsity.curves.map(({ tokens }) => tokens)).toEqual([1, 9]);
    for (const { points } of report.sparsity.curves) {
      expect(points.every(({ timesFaster }) => Number.isFinite(timesFaster) && timesFaster > 0)).toBe(true);
    }
    expect(told.every((share, i) => share >= (told[i - 1] ?? 0))).toBe(true);
    expect(told.at(-1)).toBe(1);
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 1 && controller.abort();
    const running = measureGpu(await testGpu(), { signal: controller.signal, onProgress }, SMALL);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});
