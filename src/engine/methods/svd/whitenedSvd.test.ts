import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { createCpuBackend } from '../../cpu/backend';
import { denseOf } from '../../operators/dense/dense';
import { matrixOf } from '../../operators/operator';
import { fromGram, type InputStatistics } from '../../operators/statistics';
import { statisticsOf } from '../../operators/statistics.fixtures';
import { normal } from '../../reference/random';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import type { SvdOptions } from './options';
import { svd } from './svd';

/** Inputs that are correlated: `latent` independent ones, of falling size, seen through a mixture. */
function inputs(samples: number, size: number, { seed = 3, latent = size, fall = 0.9 } = {}): Float64Array {
  const sources = normal(samples * latent, seed).map((x, at) => x * fall ** (at % latent));
  const mixture = normal(latent * size, seed + 1);
  const x = new Float64Array(samples * size);
  for (let s = 0; s < samples; s++) {
    for (let k = 0; k < latent; k++) {
      for (let j = 0; j < size; j++) x[s * size + j]! += sources[s * latent + k]! * mixture[k * size + j]!;
    }
  }
  return x;
}

/** ‖X·Wᵀ‖² in float64. */
function outputEnergy(x: Float64Array, weight: ArrayLike<number>, size: number): number {
  let energy = 0;
  for (let at = 0; at < x.length; at += size) {
    for (let row = 0; row < weight.length; row += size) {
      let y = 0;
      for (let j = 0; j < size; j++) y += x[at + j]! * weight[row + j]!;
      energy += y * y;
    }
  }
  return energy;
}

/** Σ_{i>r} of the eigenvalues of W·H·Wᵀ, the least that any matrix of rank r can leave of ‖X·Wᵀ‖². */
async function discarded(weight: Float32Array, input: InputStatistics, rank: number): Promise<number> {
  const columns = input.size;
  const w = Matrix.from1DArray(weight.length / columns, columns, weight);
  const h = Matrix.from1DArray(columns, columns, await input.gram());
  const c = w.mmul(h).mmul(w.transpose());
  const { realEigenvalues } = new EigenvalueDecomposition(c, { assumeSymmetric: true });
  return realEigenvalues
    .sort((a, b) => b - a)
    .slice(rank)
    .reduce((sum, value) => sum + Math.max(0, value), 0);
}

const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - b[i]!);
const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

describe('whitened svd', () => {
  const backend = createCpuBackend(nodeRuntime());
  afterAll(() => backend.dispose());

  async function run(
    weight: Float32Array<ArrayBuffer>,
    shape: readonly number[],
    options: SvdOptions,
    input: InputStatistics,
  ) {
    const context = methodContext(new Factorisations(backend), { input, noInput: '' });
    const outcome = await svd.apply(denseOf(shape, 'float32', weight), options, context);
    if (!('operator' in outcome)) throw new Error(outcome.skipped);
    return { operator: outcome.operator, values: await outcome.operator.toDense() };
  }

  // Wide, tall, square, tall with a 1×1 kernel, and kernels over two axes and over one, wide and tall.
  it.each([[[40, 70]], [[70, 40]], [[48, 48]], [[60, 30, 1, 1]], [[40, 8, 3, 3]], [[60, 8, 5]]])(
    'loses what the whitened spectrum says, and no more: %j',
    async (shape) => {
      const [rows, columns] = matrixOf(shape);
      const weight = new Float32Array(normal(rows * columns, 1));
      const x = inputs(300, columns);
      const input = statisticsOf(x, columns);
      for (const rank of [3, 12]) {
        const loss = async (whiten: SvdOptions['whiten']) => {
          const { operator, values } = await run(weight, shape, { rank, whiten }, input);
          if (whiten === 'none' && operator.kind === 'tucker2') return undefined;
          expect(operator.form).toBe(`lowRank ${rank}`);
          expect(operator.children[1]!.shape).toEqual([rank, ...shape.slice(1).filter((size) => size > 1)]);
          return outputEnergy(x, minus(weight, values), columns);
        };
        const [plain, full] = [await loss('none'), (await loss('full'))!];
        const least = await discarded(weight, input, rank);
        // Damping turns the directions by about its share of H, 1 % of the mean here, and what that costs is its square;
        // least is least but for roundoff.
        expect(full / least).toBeGreaterThan(1 - 1e-5);
        expect(full / least).toBeLessThan(1 + 1e-3);
        if (plain !== undefined) expect(full).toBeLessThan(0.8 * plain);
      }
    },
  );

  it('keeps more of what a kernel puts out than Tucker-2 of the same size, and as much as it says beforehand', async () => {
    const shape = [32, 12, 3, 3];
    const [rows, columns] = matrixOf(shape);
    const weight = new Float32Array(normal(rows * columns, 1));
    const x = inputs(400, columns);
    const input = statisticsOf(x, columns);
    const whole = outputEnergy(x, weight, columns);
    const context = { opset: 17, op: 'Conv' };
    for (const size of [0.3, 0.6]) {
      const losses = [];
      for (const whiten of ['none', 'diagonal', 'full'] as const) {
        const { operator, values } = await run(weight, shape, { size, whiten }, input);
        expect(operator.kind).toBe(whiten === 'none' ? 'tucker2' : 'lowRank');
        expect(operator.shape).toEqual(shape);
        expect(svd.plan(denseOf(shape, 'float32', weight), { size, whiten }, context)).toMatchObject({
          form: operator.form,
          bytes: operator.bytes,
          multiplyAdds: operator.multiplyAdds,
        });
        expect(operator.bytes).toBeLessThanOrEqual(size * 4 * rows * columns);
        expect(operator.bytes).toBeGreaterThan(0.8 * size * 4 * rows * columns);
        losses.push(outputEnergy(x, minus(weight, values), columns) / whole);
      }
      const [plain, diagonal, full] = losses as [number, number, number];
      expect(full).toBeLessThan(diagonal);
      expect(full).toBeLessThan(0.5 * plain);
    }
  });

  it('finds a kernel that was planted, behind its inputs, at its own rank', async () => {
    const [rows, columns, rank] = [24, 72, 5];
    const [left, right] = [normal(rows * rank, 11), normal(rank * columns, 12)];
    const weight = new Float32Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < rank; k++)
        for (let j = 0; j < columns; j++) weight[i * columns + j]! += left[i * rank + k]! * right[k * columns + j]!;
    }
    const input = statisticsOf(inputs(200, columns), columns);
    for (const whiten of ['diagonal', 'full'] as const) {
      const { operator, values } = await run(weight, [rows, 8, 3, 3], { error: 1e-3, whiten }, input);
      expect(operator.form).toBe(`lowRank ${rank}`);
      // Two float32 products of some hundred terms.
      expect(norm(minus(weight, values)) / norm(weight)).toBeLessThan(1e-5);
    }
  });

  it('weighs inputs one by one where they are independent, as well as all together', async () => {
    const [rows, columns, rank] = [40, 50, 10];
    const weight = new Float32Array(normal(rows * columns, 1));
    const x = normal(400 * columns, 5).map((value, at) => value * 0.9 ** (at % columns));
    const input = statisticsOf(x, columns);
    const losses = [];
    for (const whiten of ['none', 'diagonal', 'full'] as const) {
      const { values } = await run(weight, [rows, columns], { rank, whiten }, input);
      losses.push(outputEnergy(x, minus(weight, values), columns));
    }
    const [plain, diagonal, full] = losses as [number, number, number];
    expect(diagonal).toBeLessThan(0.8 * plain);
    // 400 samples correlate 50 independent inputs by 1/√400 each.
    expect(diagonal).toBeLessThan(1.1 * full);
    expect(full).toBeLessThan(diagonal);
  });

  it.each(['diagonal', 'full'] as const)('keeps an error of the output, with the smallest rank: %s', async (whiten) => {
    for (const shape of [
      [60, 80],
      [80, 60],
      [60, 9, 3, 3],
    ]) {
      const [rows, columns] = matrixOf(shape);
      const weight = new Float32Array(normal(rows * columns, 1));
      const x = inputs(300, columns, { fall: 0.8 });
      const input = statisticsOf(x, columns);
      const whole = outputEnergy(x, weight, columns);
      const errorOf = async (options: SvdOptions) => {
        const { operator, values } = await run(weight, shape, options, input);
        const error = Math.sqrt(outputEnergy(x, minus(weight, values), columns) / whole);
        return { rank: Number(operator.form.split(' ')[1]), error };
      };
      const { rank, error } = await errorOf({ error: 0.5, whiten });
      // The sum that decides is made of float32 products.
      expect(error).toBeLessThanOrEqual(0.5 * (1 + 1e-5));
      expect((await errorOf({ rank: rank - 1, whiten })).error).toBeGreaterThan(0.5);
      expect((await errorOf({ energy: 0.75, whiten })).rank).toBe(rank);
    }
  });

  it('is exact on what the data spans, and no larger than the weight elsewhere', async () => {
    const [rows, columns] = [60, 50];
    const weight = new Float32Array(normal(rows * columns, 1));
    // H has rank 6, and five inputs are always zero.
    const x = inputs(200, columns, { latent: 6 }).map((value, at) => (at % columns < 5 ? 0 : value));
    const input = statisticsOf(x, columns);
    const { values } = await run(weight, [rows, columns], { rank: 6, whiten: 'full' }, input);
    const whole = outputEnergy(x, weight, columns);
    // Damping mixes 1 % of the mean of H's diagonal into six directions that hold fifty times as much.
    expect(Math.sqrt(outputEnergy(x, minus(weight, values), columns) / whole)).toBeLessThan(2e-3);
    expect(norm(values)).toBeLessThanOrEqual(norm(weight) * (1 + 1e-5));
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('stands channels of very different size, and very large ones', async () => {
    const [rows, columns] = [40, 32];
    const weight = new Float32Array(normal(rows * columns, 1));
    for (const outlier of [1e4, 1e17]) {
      const x = normal(200 * columns, 7).map((value, at) => value * (at % columns === 3 ? outlier : 1));
      const input = statisticsOf(x, columns);
      for (const whiten of ['diagonal', 'full'] as const) {
        const { values } = await run(weight, [rows, columns], { rank: 4, whiten }, input);
        // One direction of the four takes what the channel writes.
        const lost = outputEnergy(x, minus(weight, values), columns) / outputEnergy(x, weight, columns);
        expect(lost, `${outlier} ${whiten}`).toBeLessThan(1e-4);
      }
    }
  });

  it('shares the norm of each direction between its factors', async () => {
    const [rows, columns] = [30, 50];
    const weight = new Float32Array(normal(rows * columns, 1)).map((value) => value * 1e3);
    const input = statisticsOf(inputs(100, columns), columns);
    const { operator } = await run(weight, [rows, columns], { rank: 5, whiten: 'full' }, input);
    const [left, right] = await Promise.all(operator.children.map((child) => child.toDense()));
    for (let i = 0; i < 5; i++) {
      const column = Float32Array.from({ length: rows }, (_, row) => left![row * 5 + i]!);
      const row = right!.slice(i * columns, (i + 1) * columns);
      expect(Math.abs(norm(column) / norm(row) - 1)).toBeLessThan(1e-4);
    }
  });

  it('says why it leaves a layer as it is', async () => {
    const weight = new Float32Array(normal(40 * 50, 1));
    const leaf = denseOf([40, 50], 'float32', weight);
    const factorisations = new Factorisations(backend);
    const apply = (more: object, of = leaf) =>
      svd.apply(of, { rank: 4, whiten: 'full' }, methodContext(factorisations, more));
    expect(await apply({ noInput: 'its input is an index' })).toEqual({
      skipped: "whitening needs statistics of the layer's input, and its input is an index",
    });
    const zero = fromGram(new Float64Array(2500), 50, 10);
    for (const whiten of ['diagonal', 'full'] as const) {
      const context = methodContext(factorisations, { input: zero });
      expect(await svd.apply(leaf, { rank: 4, whiten }, context)).toEqual({
        skipped: 'its input is always zero on the calibration data',
      });
    }
    const kernel = denseOf([4, 2, 3, 3], 'float32', new Float32Array(72));
    expect(await apply({ op: 'Conv' }, kernel)).toEqual({
      skipped: 'would not get smaller: rank 4 stores as much as the dense weight or more (break-even is rank 3.3)',
    });
    expect(svd.plan(kernel, { rank: 4, whiten: 'full' }, { opset: 17, op: 'Conv' })).toEqual(
      await apply({ op: 'Conv' }, kernel),
    );
    expect(svd.needsData!({ rank: 4 })).toBe(false);
    expect(svd.needsData!({ rank: 4, whiten: 'diagonal' })).toBe(true);
  });
});
