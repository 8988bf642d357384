import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { plannedDense } from '../operators/dense/dense';
import { lowRank } from '../operators/lowRank/lowRank';
import type { Operator } from '../operators/operator';
import { plannedQuantized } from '../operators/quantized/quantized';
import { plannedSparse } from '../operators/sparse/sparse';
import { KeptDense } from './keptDense';
import { type LayerTime, measureLayer } from './measureLayer';

const backend = createCpuBackend(nodeRuntime());
const kept = new KeptDense(backend);
afterAll(() => {
  kept.close();
  backend.dispose();
});

const shape = [64, 96];
const sparse = { shape, type: 'float32', pattern: { kind: 'unstructured' }, opset: 17 } as const;
const PLANS: Readonly<Record<string, Operator>> = {
  'low rank': lowRank(plannedDense([64, 8], 'float32'), plannedDense([8, 96], 'float16')),
  sparse: plannedSparse(sparse, 300, false),
  '4 bits': plannedQuantized(shape, 'float32', { bits: 4, blockSize: 32, zeroPoints: true }),
};

describe('the times of a layer', () => {
  it.each(Object.entries(PLANS))('%s, planned, beside dense', async (_, operator) => {
    const told: number[] = [];
    const onTimes = (times: readonly LayerTime[]) => told.push(times.length);
    const times = await measureLayer(kept, operator, { shape, type: 'float32' }, [16, 1, 40], {
      planned: true,
      onTimes,
    });
    expect(times.map(({ tokens }) => tokens)).toEqual([1, 16, 40]);
    for (const { ms, denseMs } of times) expect(ms > 0 && denseMs > 0).toBe(true);
    expect(told).toEqual([1, 2, 3]);
  });

  it('says where the figures are of fewer tokens', async () => {
    const wide = { shape: [2048, 2048], type: 'float32' } as const;
    const codes = plannedQuantized(wide.shape, 'float32', { bits: 8, blockSize: 64, zeroPoints: false });
    const [one, many] = await measureLayer(kept, codes, wide, [1, 4096], { planned: true, budgetMs: 1 });
    expect([one!.estimated, many!.estimated]).toEqual([undefined, true]);
    expect(many!.ms).toBeGreaterThan(one!.ms);
  });

  it('ends when it is aborted, and frees what it holds', async () => {
    const held = { prepared: 0, freed: 0 };
    const counting: typeof backend = {
      ...backend,
      async prepare(weight) {
        const prepared = await backend.prepare(weight);
        held.prepared++;
        return {
          ...prepared,
          free() {
            held.freed++;
            prepared.free();
          },
        };
      },
    };
    const own = new KeptDense(counting);
    const controller = new AbortController();
    const running = measureLayer(own, PLANS.sparse!, { shape, type: 'float32' }, [1, 16, 256], {
      planned: true,
      signal: controller.signal,
      onTimes: () => controller.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    // The dense weight stays, for the next measurement.
    expect(held).toEqual({ prepared: 2, freed: 1 });
    await expect(measureLayer(own, PLANS.sparse!, sparse, [1], { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(held.prepared).toBe(2);
    own.close();
    expect(held).toEqual({ prepared: 2, freed: 2 });
  });

  it('tells the first ones, and gives steadier ones back', async () => {
    const told: number[] = [];
    const onTimes = (times: readonly LayerTime[]) => told.push(times.length);
    const call = { planned: true, budgetMs: 1, steadyMs: 20, onTimes };
    const times = await measureLayer(kept, PLANS['4 bits']!, { shape, type: 'float32' }, [1, 16], call);
    expect(times.map(({ tokens }) => tokens)).toEqual([1, 16]);
    expect(told).toEqual([1, 2]);
  });

  it('takes no plan for an operator that has values', async () => {
    await expect(measureLayer(kept, PLANS.sparse!, sparse, [1])).rejects.toThrow('only planned');
  });
});
