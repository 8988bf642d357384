import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { denseOf } from '../../operators/dense/dense';
import type { Dense, FloatType, Operator } from '../../operators/operator';
import { normal } from '../../reference/random';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { type ShareOptions, share } from './share';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));

const sizeOf = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);
const leafOf = (shape: readonly number[], type: FloatType = 'float32', seed = 1) =>
  denseOf(shape, type, Float32Array.from(normal(sizeOf(shape), seed)));

async function made(leaf: Dense, options: ShareOptions, more = {}) {
  const outcome = await share.apply(leaf, options, { ...context, ...more });
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome;
}

async function errorOf(operator: Operator, leaf: Dense): Promise<number> {
  const [now, w] = [await operator.toDense(), await leaf.toDense()];
  const [difference, norm] = [
    w.reduce((sum, value, at) => sum + (now[at]! - value) ** 2, 0),
    w.reduce((s, v) => s + v * v, 0),
  ];
  return Math.sqrt(difference / norm);
}

describe('share', () => {
  it.each([
    [[64, 96], 0.5],
    [[64, 96], 0.1],
    [[31, 53], 0.37],
    [[16, 12, 3, 3], 0.25],
    [[128, 40], 0.06],
    [[64, 96], 0.5, 16],
    [[64, 96], 0.1, 1],
    [[31, 53], 0.37, 1000],
  ] as const)(
    'stores what it plans and errs as foretold: %j at %f in chunks of %s',
    async (shape, size, chunk?: number) => {
      const options = { size, ...(chunk && { chunk }) };
      for (const type of ['float32', 'float16'] as const) {
        const leaf = leafOf(shape, type);
        const { operator, predicted } = await made(leaf, options);
        const plan = share.plan(leaf, options, context);
        if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
        expect([plan.form, plan.bytes, plan.parameters]).toEqual([operator.form, operator.bytes, operator.parameters]);
        expect(operator.bytes).toBeLessThanOrEqual(size * leaf.bytes);
        // Another slot would not fit.
        expect(operator.bytes).toBeGreaterThan(size * leaf.bytes - 4);
        expect(share.predict!(leaf, options, context)).toBe(predicted);
        // The energy that is kept is a mean over slots: three of its standard deviations, √(2/slots) each.
        const kept = 1 - predicted! ** 2;
        const measured = await errorOf(operator, leaf);
        expect(Math.abs(1 - measured ** 2 - kept)).toBeLessThan(3 * kept * Math.sqrt(2 / operator.parameters));
      }
    },
  );

  it('leaves least squares slots: no other slots are nearer', async () => {
    const leaf = leafOf([24, 36]);
    const { operator } = await made(leaf, { size: 0.3, seed: 9, chunk: 7 });
    const slots = await operator.children[0]!.toDense();
    const best = await errorOf(operator, leaf);
    const random = seeded(2);
    for (let round = 0; round < 20; round++) {
      const moved = slots.map((value) => value + 0.01 * random.normal());
      const other = operator.with([denseOf([1, slots.length], 'float32', moved)]);
      expect(await errorOf(other, leaf)).toBeGreaterThan(best);
    }
  });

  it("takes the recipe's seed, and its own before it", async () => {
    const leaf = leafOf([32, 32]);
    const values = async (options: ShareOptions, seed: number) =>
      (await made(leaf, options, { seed })).operator.toDense();
    expect(await values({ size: 0.5 }, 3)).toEqual(await values({ size: 0.5, seed: 3 }, 8));
    expect(await values({ size: 0.5 }, 3)).not.toEqual(await values({ size: 0.5 }, 4));
  });

  it('signs keep a mean from being shared, and depend on row and column', async () => {
    const leaf = denseOf([64, 64], 'float32', new Float32Array(64 * 64).fill(1));
    const { operator } = await made(leaf, { size: 0.25 });
    // Without signs a constant weight would be met exactly.
    expect(await errorOf(operator, leaf)).toBeGreaterThan(0.7);
  });

  it('says what is impossible, can be cancelled, and points to what shares by value', async () => {
    const tiny = leafOf([4, 4]);
    expect(await share.apply(tiny, { size: 0.1 }, context)).toEqual({
      skipped: 'not one number fits into 6 bytes',
    });
    const large = leafOf([1024, 1024]);
    const abort = new AbortController();
    const running = share.apply(
      large,
      { size: 0.5 },
      { ...context, signal: abort.signal, onProgress: () => abort.abort() },
    );
    await expect(running).rejects.toThrow('abort');
    const said = share.advice!(leafOf([64, 96]), { size: 0.25 }, context).join(' ');
    expect(said).toContain('= 0.87, whatever the weights');
    expect(said).toContain('cluster');
    expect(share.advice!(leafOf([64, 96]), { size: 0.5, chunk: 4 }, context)[0]).toContain('error of 0.75, whatever');
  });
});
