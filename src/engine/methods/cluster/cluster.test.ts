import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { gaussian } from '../../model/fixtures';
import { readModel, tensorsOf } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { bytesOfFile } from '../../model/write';
import { denseOf } from '../../operators/dense/dense';
import { compress } from '../../recipe/compress';
import { planStack } from '../../recipe/plan';
import { checkRecipe } from '../../recipe/schema';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { cluster, normalLoss } from './cluster';
import { kMeans, pointsOf } from './kMeans';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));
const random = seeded(51);
const listOf = (values: Float32Array) => ({ length: values.length, read: async () => values });

/** Σ(value − nearest centre)² */
const spread = (values: ArrayLike<number>, centres: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, v) => sum + Math.min(...Array.from(centres, (c) => (v - c) ** 2)), 0);

/** The least spread of all ways to cut the sorted values into `count` runs. */
function bruteForce(sorted: readonly number[], count: number): number {
  if (count === 0) return sorted.length === 0 ? 0 : Number.POSITIVE_INFINITY;
  let best = Number.POSITIVE_INFINITY;
  for (let from = 0; from <= sorted.length; from++) {
    const run = sorted.slice(from);
    const mean = run.reduce((sum, v) => sum + v, 0) / Math.max(1, run.length);
    const own = run.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    best = Math.min(best, own + bruteForce(sorted.slice(0, from), count - 1));
  }
  return best;
}

describe('k-means', () => {
  it('finds the best of all partitions', async () => {
    for (let round = 0; round < 40; round++) {
      const values = Float32Array.from({ length: 3 + random.below(9) }, () =>
        round % 2 ? random.normal() : random.below(5),
      );
      const count = 2 + random.below(3);
      const centres = await kMeans(await pointsOf([listOf(values)]), count);
      expect([...centres]).toEqual([...centres].sort((a, b) => a - b));
      const best = bruteForce(
        [...values].sort((a, b) => a - b),
        count,
      );
      expect(spread(values, centres)).toBeLessThanOrEqual(best + 1e-9);
    }
  });

  it('loses of normal numbers what Lloyd and Max found, also through bins', async () => {
    const values = Float32Array.from({ length: 200_000 }, () => random.normal());
    // Max 1960, table I: mean squared errors.
    for (const [count, error] of [
      [2, 0.3634],
      [4, 0.1175],
      [16, 0.009497],
    ] as const) {
      const centres = await kMeans(await pointsOf([listOf(values)]), count);
      // 200,000 draws know a variance to .3 %, and the tails somewhat worse.
      const found = spread(values.subarray(0, 50_000), centres) / 50_000;
      expect(Math.abs(found / error - 1)).toBeLessThan(0.03);
      expect(Math.abs(normalLoss(count) / Math.sqrt(error) - 1)).toBeLessThan(0.05);
    }
  });

  it('counts long lists into bins, with the same result', async () => {
    const values = Float32Array.from({ length: (1 << 22) + 5 }, () => random.normal() ** 3);
    const part = values.subarray(0, 1 << 21);
    const halves = await pointsOf([listOf(part), listOf(values.subarray(1 << 21))]);
    expect(halves.values.length).toBeLessThan(1 << 20);
    expect(halves.weights.reduce((sum, weight) => sum + weight, 0)).toBe(values.length);
    const [binned, sorted] = [await kMeans(halves, 16), await kMeans(await pointsOf([listOf(part)]), 16)];
    // Two samples of some millions, of a distribution with heavy tails.
    for (let k = 4; k < 12; k++)
      expect(Math.abs(binned[k]! - sorted[k]!)).toBeLessThan(0.05 * (1 + Math.abs(sorted[k]!)));
  });

  it('stands what is lopsided: one number far out, few numbers, equal ones', async () => {
    const values = Float32Array.from({ length: 20_000 }, (_, i) => (i === 7 ? 1e6 : random.normal()));
    const centres = await kMeans(await pointsOf([listOf(values)]), 8);
    expect(Math.fround(centres.at(-1)!)).toBe(1e6);
    expect(spread(values.subarray(8, 4000), centres) / 3992).toBeLessThan(0.06);
    expect([...(await kMeans(await pointsOf([listOf(Float32Array.of(3, 1, 3))]), 4))]).toEqual([1, 3]);
  });
});

describe('cluster', () => {
  it('stores what it plans, at an eighth of the bytes for 16 values', async () => {
    for (const type of ['float32', 'float16'] as const) {
      for (const [values, shape] of [
        [16, [64, 128]],
        [5, [31, 7, 3, 3]],
        [256, [1, 3001]],
        [2, [40, 41]],
      ] as const) {
        const leaf = denseOf(shape, type, gaussian(random, shape));
        const given = cluster.options.parse({ values });
        const outcome = await cluster.apply(leaf, given, context);
        if ('skipped' in outcome) throw new Error(outcome.skipped);
        const plan = cluster.plan(leaf, given, context);
        if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
        for (const key of ['bytes', 'parameters', 'form', 'rebuildBytes'] as const) {
          expect(plan[key]).toEqual(outcome.operator[key]);
        }
        const [before, after] = [await leaf.toDense(), await outcome.operator.toDense()];
        expect(new Set(after).size).toBeLessThanOrEqual(values);
        const book = [...new Set(after)];
        // Every weight has the nearest of the values that there are, two that are as near but for rounding alike.
        const off = [...before].filter((value, i) => {
          const least = Math.min(...book.map((one) => Math.abs(one - value)));
          return Math.abs(after[i]! - value) > least + 1e-6;
        });
        expect(off).toEqual([]);
        if (values === 16) expect(plan.bytes / (4 * 64 * 128)).toBeLessThanOrEqual(0.13);
      }
    }
  });

  it('stores a codebook for all once, and the model runs', async () => {
    const sizes = [48, 64, 40];
    const weights = [0, 1].map((i) => tensor(`w${i}`, sizes.slice(i, i + 2), gaussian(random, sizes.slice(i, i + 2))));
    const bytes = modelBytes({
      nodes: [
        node('MatMul', ['x', 'w0'], ['h'], {}, { name: 'first' }),
        node('MatMul', ['h', 'w1'], ['y'], {}, { name: 'second' }),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 48])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: weights,
    });
    const model = await readModel(memorySource(bytes, 'm.onnx'));
    const recipe = checkRecipe({
      version: 1,
      steps: [{ layers: '*', method: 'cluster', options: { values: 16, scope: 'model' } }],
    });
    const {
      model: changed,
      files,
      report,
    } = await compress(model, recipe, { factorisations: new Factorisations(backend) });
    expect(report.layers.map(({ bytesAfter }) => bytesAfter)).toEqual([48 * 32 + 64, 64 * 20]);
    const books = [...tensorsOf(changed.proto)].filter(({ name }) => name.endsWith('codebook'));
    expect(books.length).toBe(1);
    const session = await runtime.open({ bytes: await bytesOfFile(files[0]!), externalData: [] }, 'cpu');
    const x = gaussian(random, [3, 48]);
    const { y } = await session.run({ x: { type: 'float32', dims: [3, 48], data: x } });
    await session.release();
    expect(y!.dims).toEqual([3, 40]);
    expect((y!.data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it('weighs the layers of a step together: what they share counts once, with the first that takes part', async () => {
    const run = async (sizes: readonly number[], scope: string) => {
      const nodes = sizes.map((_, i) => node('MatMul', [`x${i}`, `w${i}`], [`y${i}`], {}, { name: `fc${i}` }));
      const bytes = modelBytes({
        nodes,
        inputs: sizes.map((size, i) => value(`x${i}`, DataType.FLOAT, ['n', size])),
        outputs: sizes.map((_, i) => value(`y${i}`, DataType.FLOAT)),
        initializers: sizes.map((size, i) => tensor(`w${i}`, [size, size], gaussian(random, [size, size]))),
      });
      const model = await readModel(memorySource(bytes, 'm.onnx'));
      const options = { values: 256, scope };
      const recipe = checkRecipe({ version: 1, steps: [{ layers: '*', method: 'cluster', options }] });
      const { model: changed, report } = await compress(model, recipe, { factorisations: new Factorisations(backend) });
      const stored = [...tensorsOf(changed.proto)];
      return { report, books: stored.filter(({ name }) => name.endsWith('codebook')).length };
    };
    // Of 1600 bytes each 400 of codes and some 600 of nodes are left; the codebook takes 1024.
    const eight = Array<number>(8).fill(20);
    const own = await run(eight, 'layer');
    expect(own.report.skipped.length).toBe(8);
    const together = await run(eight, 'model');
    expect(together.report.layers.map(({ bytesAfter }) => bytesAfter)).toEqual([400 + 1024, ...Array(7).fill(400)]);
    expect(together.books).toBe(1);
    expect(together.report.after.bytes).toBeLessThan(own.report.after.bytes - 3000);
    // By itself it is too small, and one is not enough.
    const alone = await run([20], 'model');
    expect(alone.report.skipped[0]!.reason).toMatch(/^would not get smaller: codebook of 256 stores 1424 bytes/);
    // The first gains nothing even by its codes; the second has the codebook, and so more bytes than before.
    const mixed = await run([10, 18, 64], 'model');
    expect(mixed.report.skipped.map(({ name }) => name)).toEqual(['fc0']);
    expect(mixed.report.layers.map(({ bytesAfter }) => bytesAfter)).toEqual([18 * 18 + 1024, 64 * 64]);
    expect(mixed.books).toBe(1);
  });

  it('is planned without the codebook that others may have, as an estimate', () => {
    const layer = { shape: [20, 20], type: 'float32', op: 'MatMul', opset: 17 } as const;
    const plan = (scope: string) =>
      planStack(layer, [{ method: 'cluster', options: cluster.options.parse({ values: 256, scope }) }])[0]!;
    expect(plan('model')).toMatchObject({ estimated: true, operator: { bytes: 400 } });
    expect(plan('layer').estimated).toBeUndefined();
    expect(plan('layer').skipped).toMatch(/^would not get smaller/);
  });
});
