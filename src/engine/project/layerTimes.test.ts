import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { KeptDense } from '../measure/keptDense';
import { denseOf } from '../operators/dense/dense';
import { lowRank } from '../operators/lowRank/lowRank';
import { normal } from '../reference/random';
import type { LayerTimes } from './engine';
import { layerTimes } from './layerTimes';

const backend = createCpuBackend(nodeRuntime());
const kept = new KeptDense(backend);
afterAll(() => {
  kept.close();
  backend.dispose();
});
const layer = { id: 'fc', shape: [96, 64], op: 'Gemm', dtype: 'float32' } as const;
const step = (method: string, options: object) => ({ method, options });
const timed = (steps: readonly { method: string; options: object }[], more: object = {}, known: object = {}) =>
  layerTimes(kept, layer, 17, steps, known, more);

describe('the times of a layer', () => {
  it('are told after each number of tokens, from the plan with random contents', async () => {
    const told: LayerTimes[] = [];
    const found = await timed([step('svd', { rank: 8 })], { onTimes: (times: LayerTimes) => told.push(times) });
    expect(found).toMatchObject({ layer: 'fc', form: 'lowRank 8', values: 'random' });
    expect(found!.times.map(({ tokens }) => tokens)).toEqual([1, 16, 256]);
    for (const { ms, denseMs } of found!.times) for (const each of [ms, denseMs]) expect(each).toBeGreaterThan(0);
    expect(told.map(({ times }) => times.length)).toEqual([1, 2, 3]);
  });

  it('are those of what a trial made of the layer, where there was one', async () => {
    const factor = (rows: number, columns: number) =>
      denseOf([rows, columns], 'float32', Float32Array.from(normal(rows * columns, 3)));
    const tried = lowRank(factor(96, 5), factor(5, 64));
    expect(await timed([step('svd', { rank: 8 })], { tried })).toMatchObject({ form: 'lowRank 5', values: 'own' });
  });

  it('follow a budget of energy once the spectrum is known', async () => {
    const energy = [step('svd', { energy: 0.5 })];
    expect(await timed(energy)).toBeNull();
    const values = Float64Array.from({ length: 64 }, (_, i) => 0.5 ** i);
    const spectrum = { kind: 'matrix', id: 'fc', values, effectiveRank: 1 };
    expect(await timed(energy, {}, { spectrum })).toMatchObject({ form: 'lowRank 1' });
  });

  it('are none where the layer stays as it is, or loses units', async () => {
    expect(await timed([])).toBeNull();
    expect(await timed([step('svd', { rank: 64 })])).toBeNull();
    const cut = denseOf([48, 64], 'float32', new Float32Array(48 * 64));
    expect(await timed([step('prune-structured', { size: 0.5 })], { tried: cut })).toBeNull();
  });

  it('end when they are cancelled', async () => {
    const signal = AbortSignal.abort();
    await expect(timed([step('svd', { rank: 8 })], { signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
