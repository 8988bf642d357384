import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../gpu/backend';
import { testGpu } from '../gpu/testing';
import { plannedDense } from '../operators/dense/dense';
import { lowRank } from '../operators/lowRank/lowRank';
import { plannedSparse } from '../operators/sparse/sparse';
import { KeptDense } from './keptDense';
import { measureLayer } from './measureLayer';

let backend: GpuBackend;
beforeAll(async () => {
  backend = (await createGpuBackend(await testGpu()))!;
});
afterAll(() => backend?.dispose());
let kept: KeptDense;
let held: number;
beforeEach(() => {
  kept = new KeptDense(backend);
  held = backend.counts.buffers;
});
afterEach(() => {
  kept.close();
  expect(backend.counts.buffers).toBe(held);
});

const dense = { shape: [96, 160], type: 'float16' } as const;
const sparse = plannedSparse({ ...dense, pattern: { kind: 'n:m', n: 2, m: 4 }, opset: 17 }, 7680, true);

it('times planned forms beside the dense weight', async () => {
  for (const plan of [lowRank(plannedDense([96, 8], 'float32'), plannedDense([8, 160], 'float32')), sparse]) {
    const times = await measureLayer(kept, plan, dense, [1, 16, 256], { planned: true });
    expect(times.map(({ tokens }) => tokens)).toEqual([1, 16, 256]);
    // A clock that ticks in steps may find nothing between two of them.
    for (const { ms, denseMs } of times) expect(ms >= 0 && denseMs >= 0).toBe(true);
  }
});

it('ends when it is aborted', async () => {
  const controller = new AbortController();
  const call = { planned: true, signal: controller.signal, onTimes: () => controller.abort() };
  await expect(measureLayer(kept, sparse, dense, [1, 256], call)).rejects.toMatchObject({ name: 'AbortError' });
});
