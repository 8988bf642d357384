import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Weight } from '../../backend/weights';
import { RANDOM_LEAVES, randomDense, randomWeight, sparseOf, weightOf } from '../../backend/weights.fixtures';
import { type Random, seeded } from '../../core/random';
import { halvesToFloats } from '../../model/tensors';
import { denseWeights, productOf } from '../../reference/weights';
import { Buffers } from '../buffers';
import { type Device, openDevice } from '../device';
import { Dispatcher } from '../dispatcher';
import {
  type FewVariant,
  type MatmulVariant,
  ROW_SLICES,
  SUBGROUP_VARIANTS,
  TILE_VARIANTS,
  VECTOR_VARIANTS,
} from '../kernels';
import { Pace } from '../pace';
import { createPanels } from '../panels';
import { testGpu } from '../testing';
import { usualVariants, type Variants } from '../variants';
import { prepare } from './prepare';
import type { ProductContext } from './product';

let device: Device;
let context: ProductContext;

beforeAll(async () => {
  device = (await openDevice(await testGpu()))!;
  expect(device, 'a WebGPU adapter').not.toBeNull();
  context = {
    buffers: new Buffers(device),
    dispatcher: new Dispatcher(device),
    pace: new Pace(),
    variants: usualVariants(device),
    panelBytes: device.largestBinding,
  };
});
afterAll(() => device?.destroy());
let held: number;
beforeEach(() => {
  held = context.buffers.count;
});
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') expect(context.buffers.count).toBe(held);
});

const EPSILON = 2 ** -24;

/**
 * Multiplies and holds the result against the twin. A sum of K products, whatever the order it is summed in, is within
 * K·ε/(1 − K·ε) of Σ|x·w| (Higham, 3.1). Products of factors add the lengths of their sums; a decoded or scaled weight
 * two roundings more; bonds of at most 6 between three links, 18. `depth` is what comes on top of the columns.
 */
async function expectProduct(random: Random, form: Weight, tokens: number, depth = 0, within = context) {
  const { buffers } = within;
  const weight = await form.prepare(denseWeights);
  const x = Float32Array.from({ length: tokens * weight.columns }, () => random.normal());
  const product = await prepare(within, form);
  const input = buffers.upload(x, 'a test');
  const output = await product.apply(input, tokens);
  const found = new Float32Array(await buffers.read(output));
  buffers.free(input, output);
  product.free();
  expect([product.rows, product.columns]).toEqual([weight.rows, weight.columns]);
  const { y, magnitudes } = productOf(x, tokens, weight);
  const bound = (weight.columns + depth + 4) * EPSILON * 1.01;
  expect(found.length).toBe(y.length);
  const wrong = found.findIndex((value, i) => !(Math.abs(value - y[i]!) <= bound * magnitudes[i]! + 1e-37));
  if (wrong >= 0) {
    const where = `token ${Math.floor(wrong / weight.rows)}, row ${wrong % weight.rows}`;
    throw new Error(`${where}: ${found[wrong]} instead of ${y[wrong]} (tolerance ${bound * magnitudes[wrong]!})`);
  }
}

const SHAPES: [number, number][] = [
  [1, 1],
  [1, 70],
  [9, 3],
  [21, 77],
  [67, 130],
  [8, 516],
];
// Every variant of the vector kernels, their last token count, and tiles with a rest.
const TOKENS = [1, 3, 8, 17, 64, 70];

describe.each(Object.entries(RANDOM_LEAVES))('%s against its twin', (_, leaf) => {
  it.each(SHAPES)('[%i, %i] at every token count', async (rows, columns) => {
    const random = seeded(rows * 1000 + columns);
    for (const tokens of TOKENS) await expectProduct(random, leaf(random, rows, columns), tokens, 18);
  });
});

describe('products', () => {
  it('of any form, nested, at any shape, in every variant', async () => {
    const random = seeded(7);
    for (let round = 0; round < 40; round++) {
      const pick = <T>(values: readonly T[]) => values[random.below(values.length)]!;
      const variants: Variants = {
        matmul: pick<MatmulVariant>(device.subgroups ? [...TILE_VARIANTS, ...SUBGROUP_VARIANTS] : TILE_VARIANTS),
        tile: pick(TILE_VARIANTS),
        decoding: pick([...TILE_VARIANTS, 'unpacked']),
        few: pick<FewVariant>(device.subgroups ? [...VECTOR_VARIANTS, ...SUBGROUP_VARIANTS] : VECTOR_VARIANTS),
        vector: pick(VECTOR_VARIANTS),
        rowSlices: pick(ROW_SLICES),
      };
      const [rows, columns] = [1 + random.below(150), 1 + random.below(300)];
      const form = randomWeight(random, rows, columns, 2);
      // Two levels of factors sum at most 40 more terms each; two sums and scalings a few.
      await expectProduct(random, form, 1 + random.below(80), 100, { ...context, variants });
    }
  });

  it('are cut to the pace without a change', async () => {
    const random = seeded(8);
    context.pace.record(1, 1e6);
    for (const leaf of Object.values(RANDOM_LEAVES)) {
      for (const tokens of [5, 90]) await expectProduct(random, leaf(random, 150, 140), tokens, 18);
    }
  });

  it('of weights larger than the adapter binds, in panels of rows', async () => {
    const random = seeded(14);
    // A few rows each; a panel of blocks ends with its blocks.
    const within = { ...context, panelBytes: 2048 };
    for (const leaf of Object.values(RANDOM_LEAVES)) {
      for (const tokens of [1, 6, 40]) {
        const [rows, columns] = [30 + random.below(60), 20 + random.below(90)];
        await expectProduct(random, leaf(random, rows, columns), tokens, 18, within);
      }
    }
    const values = randomDense(random, 50, 100);
    const product = await prepare(
      within,
      weightOf((on) => on.dense(values)),
    );
    // 400 bytes a row: five rows in each buffer.
    expect(context.buffers.count - held).toBe(10);
    product.free();
  });

  it('of more tokens than the adapter binds, in panels of tokens', async () => {
    const random = seeded(15);
    const { buffers } = context;
    // 64 tokens of 40 features take 10 KiB, and y of 70 rows 18 KiB: one limit cuts x and y, the other y alone.
    for (const panelBytes of [11_000, 25_000]) {
      const within = { ...context, panelBytes };
      for (const leaf of Object.values(RANDOM_LEAVES)) {
        const form = leaf(random, 70, 40);
        const tokens = 150;
        const x = createPanels(buffers, tokens, 40, panelBytes, 'a test');
        const values = Float32Array.from({ length: tokens * 40 }, () => random.normal());
        for (const { buffer, firstRow, rows } of x.panels) {
          device.gpu.queue.writeBuffer(buffer, 0, values, firstRow * 40, rows * 40);
        }
        const product = await prepare(within, form);
        const y = await product.applyToPanels(x);
        expect(y.panels.map(({ firstRow, rows }) => [firstRow, rows])).toEqual([
          [0, 64],
          [64, 64],
          [128, 22],
        ]);
        const found: number[] = [];
        for (const { buffer } of y.panels) found.push(...new Float32Array(await buffers.read(buffer)));
        const expected = productOf(values, tokens, await form.prepare(denseWeights));
        // As in `expectProduct`, 40 columns and bonds of 18.
        const bound = 62 * EPSILON * 1.01;
        const wrong = found.findIndex(
          (value, i) => !(Math.abs(value - expected.y[i]!) <= bound * expected.magnitudes[i]! + 1e-37),
        );
        expect([found.length, wrong]).toEqual([tokens * 70, -1]);
        product.free();
        buffers.free(...[...x.panels, ...y.panels].map(({ buffer }) => buffer));
      }
    }
    const five = randomDense(random, 3, 5);
    const product = await prepare(
      context,
      weightOf((on) => on.dense(five)),
    );
    const x = createPanels(buffers, 2, 4, 1e6, 'a test');
    await expect(product.applyToPanels(x)).rejects.toThrow('Tokens of 4 features do not meet a weight of 5');
    product.free();
    buffers.free(x.panels[0]!.buffer);
  });

  it('decode every finite float16 to the bit, in every variant', async () => {
    // 2·31·1024 numbers, both zeros among them, in rows of 8; tokens that are unit vectors read off the columns.
    const bits = Uint16Array.from({ length: 2 * 31 * 1024 }, (_, i) => (i % 2 ? 0x8000 : 0) + Math.floor(i / 2));
    const [columns, rows] = [8, bits.length / 8];
    const floats = halvesToFloats(bits);
    const unpacked = [...TILE_VARIANTS, 'unpacked' as const].map((decoding) => ({ tokens: 9, decoding }));
    const { buffers, variants } = context;
    for (const own of [...ROW_SLICES.map((rowSlices) => ({ tokens: 8, rowSlices })), ...unpacked]) {
      const within = { ...context, variants: { ...variants, ...own } };
      const product = await prepare(
        within,
        weightOf((on) => on.dense({ rows, columns, values: bits })),
      );
      const units = new Float32Array(own.tokens * columns);
      for (let i = 0; i < columns; i++) units[i * columns + i] = 1;
      const x = buffers.upload(units, 'a test');
      const y = await product.apply(x, own.tokens);
      const found = new Float32Array(await buffers.read(y));
      const wrong = floats.findIndex((value, at) => found[(at % columns) * rows + Math.floor(at / columns)] !== value);
      expect(wrong < 0 ? 'none' : `0x${bits[wrong]!.toString(16)}`).toBe('none');
      buffers.free(x, y);
      product.free();
    }
  });

  it('with sparse rows longer than 16 bits count', async () => {
    const random = seeded(12);
    const values = Float32Array.from({ length: 3 * 65_600 }, () => (random.below(500) ? 0 : random.normal()));
    values[65_599] = 7;
    for (const tokens of [1, 5]) {
      const sparse = sparseOf(values, 3, 65_600);
      await expectProduct(
        random,
        weightOf((on) => on.sparse(sparse)),
        tokens,
      );
    }
  });

  it('take tokens in turns where the links make too many numbers', async () => {
    const random = seeded(13);
    // 64·128 numbers for each of 64 inputs to come: 2¹⁹ a token, of which 8 tokens fill what is held between links.
    const [first, second] = [randomDense(random, 64 * 128, 1), randomDense(random, 1, 128 * 64)];
    const train = weightOf(async (on) => {
      const links = [
        { weight: await on.dense(first), behind: 64 },
        { weight: await on.dense(second), behind: 1 },
      ];
      return on.chain({ rows: 64, columns: 64, padded: 64, links });
    });
    await expectProduct(random, train, 9, 128);
  });

  it('count the bytes that they store', async () => {
    const random = seeded(9);
    const [left, right] = [randomDense(random, 20, 4), randomDense(random, 4, 12)];
    const product = await prepare(
      context,
      weightOf(async (on) => {
        const links = [
          { weight: await on.dense(right), behind: 1 },
          { weight: await on.dense(left), behind: 1 },
        ];
        return on.chain({ rows: 20, columns: 12, padded: 12, links });
      }),
    );
    expect(product.bytes).toBe(4 * (80 + 48));
    product.free();
  });

  it('reject what does not fit, and keep nothing', async () => {
    const random = seeded(10);
    const dense = randomDense(random, 4, 6);
    const refused = (make: Parameters<typeof weightOf>[0]) => expect(prepare(context, weightOf(make))).rejects;
    await refused((on) => on.dense({ ...dense, rows: 5 })).toThrow('24 values do not fill a [5, 6] weight');
    await refused((on) => on.sum([])).toThrow('one part or more');
    const sparse = sparseOf(dense.values, 4, 6);
    await refused((on) => on.sparse({ ...sparse, columns: 5 })).toThrow('beyond the last of 5');
    const product = await prepare(
      context,
      weightOf((on) => on.dense(dense)),
    );
    const short = context.buffers.create(5, 'a test');
    await expect(product.apply(short, 1)).rejects.toThrow('20 bytes does not hold 1 tokens of 6');
    context.buffers.free(short);
    product.free();
  });

  it('stop when told to', async () => {
    const dense = randomDense(seeded(11), 64, 64);
    const product = await prepare(
      context,
      weightOf((on) => on.dense(dense)),
    );
    const x = context.buffers.create(64 * 64, 'a test');
    await expect(product.apply(x, 64, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    context.buffers.free(x);
    product.free();
  });
});
