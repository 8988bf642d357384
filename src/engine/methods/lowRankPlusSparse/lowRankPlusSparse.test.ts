import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { alternated } from '../../linalg/lowRankPlusSparse';
import { gaussian } from '../../model/fixtures';
import { denseOf } from '../../operators/dense/dense';
import type { Dense, FloatType, Operator } from '../../operators/operator';
import { product } from '../../operators/product';
import { fromGram } from '../../operators/statistics';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { prune } from '../prune/prune';
import { svd } from '../svd/svd';
import { type LowRankPlusSparseOptions, lowRankPlusSparse } from './lowRankPlusSparse';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));
const random = seeded(41);
const [rows, columns] = [96, 160];

/** Three directions, and one weight in twenty that stands far out. */
function planted() {
  const values = product(gaussian(random, [rows, 3]), gaussian(random, [3, columns]), rows, 3, columns);
  for (let i = 0; i < rows; i++) for (let k = 0; k < 8; k++) values[i * columns + random.below(columns)]! += 12;
  return values.map((value) => value + 0.05 * random.normal());
}

const given = (options: object): LowRankPlusSparseOptions => lowRankPlusSparse.options.parse(options);

async function split(leaf: Dense, options: object, more: object = {}): Promise<Operator> {
  const outcome = await lowRankPlusSparse.apply(leaf, given(options), { ...context, ...more });
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome.operator;
}

async function distance(operator: Operator, values: Float32Array): Promise<number> {
  const now = await operator.toDense();
  return Math.hypot(...values.map((value, i) => value - now[i]!)) / Math.hypot(...values);
}

describe('low rank plus sparse', () => {
  it('finds what was planted, which neither part does alone', async () => {
    const values = planted();
    const leaf = denseOf([rows, columns], 'float32', values);
    // 3·(96 + 160) numbers of the low rank, and 8 of 160 weights a row with a byte for each place.
    const size = (4 * 3 * (rows + columns) + 5 * 8 * rows + 8) / leaf.bytes;
    const operator = await split(leaf, { size, rankShare: 3100 / (size * leaf.bytes) });
    expect(operator.children.map(({ form }) => form)).toEqual(['lowRank 3', 'sparse 95 %']);
    // The noise is .05 where weights are 2.5 in the mean square.
    const error = await distance(operator, values);
    expect(error).toBeLessThan(0.025);
    for (const method of [svd, prune]) {
      const alone = await method.apply(leaf, method.options.parse({ size }) as never, context);
      if ('skipped' in alone) throw new Error(alone.skipped);
      expect(await distance(alone.operator, values)).toBeGreaterThan(10 * error);
    }
  });

  it('never errs more from one turn to the next, and stops where that gains nothing', async () => {
    const values = gaussian(random, [rows, columns]);
    const { errors, left, right } = await alternated(
      backend,
      { values, rows, columns },
      { rank: 10, inRow: 30, iterations: 80 },
    );
    // Norms of float32 residuals are known to some 1e−6.
    for (let i = 1; i < errors.length; i++) expect(errors[i]! / errors[i - 1]!).toBeLessThan(1 + 1e-5);
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.length).toBeLessThan(80);
    expect(errors.at(-1)! / errors[0]!).toBeLessThan(0.98);
    // Both factors have the same range.
    for (let k = 0; k < 10; k++) {
      const l = Math.hypot(...Array.from({ length: rows }, (_, i) => left[i * 10 + k]!));
      const r = Math.hypot(...right.subarray(k * columns, (k + 1) * columns));
      expect(l / r).toBeCloseTo(1, 3);
    }
  });

  it('keeps to the size, places included, and is planned as it will be', async () => {
    const shapes = [
      [rows, columns],
      [columns, rows],
      [64, 300],
      [48, 80, 1, 1],
    ];
    for (const shape of shapes) {
      for (const size of [0.2, 0.6]) {
        for (const opset of [7, 9, 17]) {
          for (const type of ['float32', 'float16'] as FloatType[]) {
            const leaf = denseOf(shape, type, gaussian(random, shape));
            const options = { size, iterations: 2 };
            const place = `${shape}, ${size}, opset ${opset}, ${type}`;
            const plan = lowRankPlusSparse.plan(leaf, given(options), { ...context, opset });
            if (plan === 'unknown') throw new Error('not planned');
            if ('skipped' in plan) {
              // Without Scatter a place takes a byte or two for every weight.
              expect(opset, place).toBe(7);
              continue;
            }
            const operator = await split(leaf, options, { opset });
            expect(operator.bytes, place).toBeLessThanOrEqual(size * leaf.bytes);
            expect(operator.bytes, place).toBeGreaterThan(0.9 * size * leaf.bytes);
            // A few gaps take more than a byte can tell.
            expect(Math.abs(operator.bytes - plan.bytes), place).toBeLessThan(0.03 * plan.bytes);
          }
        }
      }
    }
  });

  it('whitened, errs less on outputs where inputs differ in size', async () => {
    const values = gaussian(random, [rows, columns]);
    const scale = Float64Array.from({ length: columns }, (_, j) => (j % 9 === 0 ? 8 : j % 2 ? 1 : 0.2));
    const gram = new Float64Array(columns * columns);
    for (let j = 0; j < columns; j++) gram[j * columns + j] = 500 * scale[j]! ** 2;
    const input = fromGram(gram, columns, 500);
    const leaf = denseOf([rows, columns], 'float32', values);
    const outputError = async (operator: Operator) => {
      const now = await operator.toDense();
      return Math.hypot(...values.map((value, i) => (value - now[i]!) * scale[i % columns]!));
    };
    const plain = await split(leaf, { size: 0.5 });
    const whitened = await split(leaf, { size: 0.5, whiten: 'diagonal' }, { input });
    expect(whitened.bytes).toBe(plain.bytes);
    expect(await outputError(whitened)).toBeLessThan(0.6 * (await outputError(plain)));
  });

  it('says why it leaves a layer', async () => {
    const apply = (shape: number[], options: object, more: object = {}) =>
      lowRankPlusSparse.apply(denseOf(shape, 'float32', gaussian(random, shape)), given(options), {
        ...context,
        ...more,
      });
    expect(await apply([8, 8, 3, 3], { size: 0.5 })).toEqual({
      skipped: 'is a 3×3 convolution: only matrices are split',
    });
    expect(await apply([16, 16], { size: 0.1 })).toEqual({
      skipped:
        "can't come to 0.1 of its 1024 bytes: rank 1 takes 128, and one value a row with its place doesn't fit beside it",
    });
    expect(await apply([32, 32], { size: 0.5, whiten: 'diagonal' })).toEqual({
      skipped: "whitening needs statistics of the layer's input, and no calibration data was given",
    });
  });

  it('leaves zeros and lone weights as they are', async () => {
    const values = new Float32Array(64 * 64);
    const zero = await split(denseOf([64, 64], 'float32', values), { size: 0.5 });
    expect(await zero.toDense()).toEqual(values);
    const lone = values.slice();
    lone[70] = 3;
    expect(await distance(await split(denseOf([64, 64], 'float32', lone), { size: 0.5 }), lone)).toBeLessThan(1e-6);
  });
});
