import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { memorySource } from '../model/bytes';
import { gaussian } from '../model/fixtures';
import { type Model, readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { bytesOfFile, sessionModelOf } from '../model/write';
import { denseOf } from '../operators/dense';
import { BYTES_OF, type Dense, type FloatType, type Operator } from '../operators/operator';
import { fromGram, type InputStatistics } from '../operators/statistics';
import { leavesOf } from '../operators/tree';
import { seeded } from '../random';
import { compress } from '../recipe/compress';
import { checkRecipe } from '../recipe/schema';
import { expectClose } from '../reference/compare';
import { methodContext } from './context.fixtures';
import { Factorisations } from './factorisations';
import { controlsOf } from './options';
import { prune } from './prune';
import type { PruneOptions } from './pruning/options';
import { type QuantizeOptions, quantize } from './quantize';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
const factorisations = new Factorisations(backend);
const random = seeded(31);

const given = (options: object): PruneOptions => prune.options.parse(options);
const leafOf = (shape: number[], values = gaussian(random, shape), type: FloatType = 'float32') =>
  denseOf(shape, type, values);
const nonZero = (values: Float32Array) => values.reduce((sum, entry) => sum + Number(entry !== 0), 0);

async function pruned(leaf: Dense, options: object, more: object = {}): Promise<Operator> {
  const outcome = await prune.apply(leaf, given(options), methodContext(factorisations, more));
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome.operator;
}

/** Inputs whose columns hang together, some of them much larger than others, and their statistics. */
function correlated(size: number, samples: number) {
  const shared = gaussian(random, [samples, 4]);
  const loads = gaussian(random, [4, size]);
  const x = new Float64Array(samples * size);
  for (let s = 0; s < samples; s++) {
    for (let j = 0; j < size; j++) {
      let sum = 0.5 * random.normal();
      for (let k = 0; k < 4; k++) sum += shared[s * 4 + k]! * loads[k * size + j]!;
      x[s * size + j] = sum * (j % 7 === 0 ? 4 : 1);
    }
  }
  return { x, input: statisticsOf(x, size, samples) };
}

function statisticsOf(x: Float64Array, size: number, samples: number): InputStatistics {
  const gram = new Float64Array(size * size);
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) gram[i * size + j]! += x[s * size + i]! * x[s * size + j]!;
    }
  }
  return fromGram(gram, size, samples);
}

/** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ */
function outputError(x: Float64Array, w: Float32Array, now: Float32Array, size: number): number {
  let [off, all] = [0, 0];
  for (let s = 0; s < x.length / size; s++) {
    for (let i = 0; i < w.length / size; i++) {
      let [error, sum] = [0, 0];
      for (let j = 0; j < size; j++) {
        error += x[s * size + j]! * (w[i * size + j]! - now[i * size + j]!);
        sum += x[s * size + j]! * w[i * size + j]!;
      }
      off += error ** 2;
      all += sum ** 2;
    }
  }
  return Math.sqrt(off / all);
}

describe('prune by magnitude', () => {
  it('keeps the largest of the layer, as sorting would, and of equal ones the first', async () => {
    for (const shape of [
      [17, 23],
      [6, 5, 3, 3],
      [1, 400],
    ]) {
      // Rounded to steps of a quarter: full of ties.
      const values = gaussian(random, shape).map((entry) => Math.round(4 * entry) / 4 || 0.25);
      for (const sparsity of [0.3, 0.5, 0.77, 1]) {
        const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b);
        const kept = Math.max(1, Math.round((1 - sparsity) * values.length));
        const expected = new Float32Array(values.length);
        for (const i of order.slice(0, kept)) expected[i] = values[i]!;
        const operator = await pruned(leafOf(shape, values), { sparsity });
        expect(await operator.toDense()).toEqual(expected);
      }
    }
  });

  it('keeps as many in every row, n of every m, or the heaviest blocks', async () => {
    const [rows, columns] = [12, 32];
    const values = gaussian(random, [rows, columns]);
    const leaf = leafOf([rows, columns], values);
    const byRow = await (await pruned(leaf, { sparsity: 0.7, scope: 'row' })).toDense();
    for (let i = 0; i < rows; i++) expect(nonZero(byRow.subarray(i * columns, (i + 1) * columns))).toBe(10);
    for (const [n, m] of [
      [1, 2],
      [2, 4],
      [3, 8],
      [5, 16],
    ] as const) {
      const now = await (await pruned(leaf, { pattern: { n, m } })).toDense();
      for (let at = 0; at < now.length; at += m) {
        const group = [...values.subarray(at, at + m)].map(Math.abs).sort((a, b) => b - a);
        const survivors = [...now.subarray(at, at + m)].filter((entry) => entry !== 0).map(Math.abs);
        expect(survivors.sort((a, b) => b - a)).toEqual(group.slice(0, n));
      }
    }
    const blocks = await (await pruned(leaf, { sparsity: 0.75, pattern: { block: [4, 8] } })).toDense();
    const norms = Array.from({ length: 12 }, (_, block) => {
      const [top, left] = [Math.floor(block / 4) * 4, (block % 4) * 8];
      const of = (held: Float32Array) =>
        Math.hypot(...Array.from({ length: 32 }, (_, i) => held[(top + (i >> 3)) * columns + left + (i & 7)]!));
      return [of(values), of(blocks)] as const;
    });
    const heaviest = norms.map(([before]) => before).sort((a, b) => b - a);
    expect(norms.filter(([, after]) => after > 0).map(([, after]) => after)).toHaveLength(3);
    for (const [before, after] of norms) expect(after).toBe(before >= heaviest[2]! ? before : 0);
  });

  it('finds what was planted', async () => {
    const shape = [64, 96];
    const values = gaussian(random, shape).map((entry) => 0.01 * entry);
    const mask = values.map(() => Number(random.uniform() < 0.1));
    for (let i = 0; i < values.length; i++) if (mask[i]) values[i] = 1 + Math.abs(values[i]!);
    const planted = nonZero(mask);
    const operator = await pruned(leafOf(shape, values), { sparsity: 1 - planted / values.length });
    expect((await operator.toDense()).map((entry) => Number(entry !== 0))).toEqual(mask);
    // A byte for each place: no gap is wider than 255, at a chance of .9^255.
    expect(operator.bytes).toBe(5 * planted);
  });

  it('has one threshold for all layers of a step, to the weight', async () => {
    const leaves = [
      leafOf([20, 30]),
      leafOf(
        [10, 12],
        gaussian(random, [10, 12]).map((v) => 5 * v),
      ),
      leafOf([8, 9, 3, 3]),
    ];
    // Ties in all of them: of equal ones the first layer's are kept.
    const steps = await Promise.all(
      leaves.map(async (leaf) => (await leaf.toDense()).map((v) => Math.round(8 * v) / 8)),
    );
    for (const [i, leaf] of leaves.entries()) leaves[i] = leafOf([...leaf.shape], steps[i]);
    const all = (await Promise.all(leaves.map((leaf) => leaf.toDense()))).flatMap((values) => [...values]);
    for (const sparsity of [0.6, 0.9]) {
      const options = given({ sparsity, scope: 'model' });
      const context = methodContext(factorisations);
      const prepared = await prune.prepare!(
        leaves.map((leaf) => ({ leaf })),
        options,
        context,
      );
      const kept = Math.round((1 - sparsity) * all.length);
      const order = [...all.keys()].sort((a, b) => Math.abs(all[b]!) - Math.abs(all[a]!) || a - b);
      const survives = new Set(order.slice(0, kept));
      let from = 0;
      let rewritten = 0;
      for (const leaf of leaves) {
        const outcome = await prune.apply(leaf, options, { ...context, prepared });
        const expected = (await leaf.toDense()).map((entry, i) => (survives.has(from + i) ? entry : 0));
        from += leaf.parameters;
        // The layer that is five times as large keeps too much to get smaller.
        if ('skipped' in outcome) {
          expect(nonZero(expected) / leaf.parameters).toBeGreaterThan(0.95);
          continue;
        }
        rewritten++;
        expect(await outcome.operator.toDense()).toEqual(expected);
      }
      expect(rewritten).toBeGreaterThan(1);
    }
  });

  it('keeps to a size, places included', async () => {
    for (const [size, more] of [
      [0.5, {}],
      [0.2, { scope: 'row' }],
      [0.02, {}],
      [0.3, { pattern: { block: [4, 4] } }],
    ] as const) {
      for (const opset of [9, 17]) {
        for (const type of ['float32', 'float16'] as const) {
          const leaf = leafOf([200, 300], undefined, type);
          const operator = await pruned(leaf, { size, ...more }, { opset });
          const place = `${size}, opset ${opset}, ${type}, ${operator.form}`;
          expect(operator.bytes, place).toBeLessThanOrEqual(size * leaf.bytes);
          // At opset 9 all rows are filled up to the fullest one, of which the plan knows the mean and the spread.
          expect(operator.bytes, place).toBeGreaterThan((opset === 9 ? 0.85 : 0.97) * size * leaf.bytes);
        }
      }
    }
    const leaves = [
      leafOf([100, 200]),
      leafOf(
        [100, 200],
        gaussian(random, [100, 200]).map((v) => 2 * v),
      ),
      leafOf([60, 60]),
    ];
    const options = given({ size: 0.3, scope: 'model' });
    const context = methodContext(factorisations);
    const prepared = await prune.prepare!(
      leaves.map((leaf) => ({ leaf })),
      options,
      context,
    );
    let [before, after] = [0, 0];
    for (const leaf of leaves) {
      const outcome = await prune.apply(leaf, options, { ...context, prepared });
      before += leaf.bytes;
      after += 'skipped' in outcome ? leaf.bytes : outcome.operator.bytes;
    }
    expect(after / before).toBeLessThanOrEqual(0.3);
    expect(after / before).toBeGreaterThan(0.29);
  });

  it('keeps to a size where a layer has nothing among the survivors', async () => {
    const small = gaussian(random, [24, 32]).map((v) => 1e-3 * v);
    const leaves = [leafOf([64, 96]), leafOf([24, 32], small)];
    for (const pattern of ['unstructured', 'block']) {
      const options = given({ size: 0.4, scope: 'model', pattern });
      const context = methodContext(factorisations);
      const targets = leaves.map((leaf) => ({ leaf }));
      const prepared = await prune.prepare!(targets, options, context);
      const operators = await Promise.all(leaves.map((leaf) => prune.apply(leaf, options, { ...context, prepared })));
      const bytes = operators.map((outcome) => ('skipped' in outcome ? outcome.skipped : outcome.operator.bytes));
      const last = operators[1]!;
      expect('operator' in last && nonZero(await last.operator.toDense()), pattern).toBe(0);
      expect((bytes[0] as number) + (bytes[1] as number), pattern).toBeLessThan(0.41 * 4 * (64 * 96 + 24 * 32));
    }
  });

  it('is planned as it will be', async () => {
    for (const options of [
      { sparsity: 0.5 },
      { sparsity: 0.8, scope: 'row' },
      { pattern: { n: 2, m: 4 } },
      { sparsity: 0.5, pattern: { block: [4, 4] } },
      { size: 0.4 },
      { size: 0.4, scope: 'row' },
    ]) {
      for (const shape of [
        [40, 64],
        [12, 10, 3, 3],
      ]) {
        const leaf = leafOf(shape);
        const plan = prune.plan(leaf, given(options), methodContext(factorisations));
        if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
        const operator = await pruned(leaf, options);
        const of = ({ form, bytes, parameters, multiplyAdds, rebuildBytes }: Operator) => [
          form,
          bytes,
          parameters,
          multiplyAdds,
          rebuildBytes,
        ];
        expect(of(plan), JSON.stringify(options)).toEqual(of(operator));
      }
    }
  });

  it('leaves what has no room or no data, and says why', async () => {
    const leaf = leafOf([16, 16]);
    const apply = (options: object, of = leaf) => prune.apply(of, given(options), methodContext(factorisations));
    // A value and a byte, and as much for the step that leads to it over 255 places.
    expect(await apply({ size: 0.001 })).toEqual({
      skipped: "can't come to 0.001 of its 1024 bytes: one value with its place takes 10",
    });
    expect(await apply({ sparsity: 0.5, score: 'wanda' })).toEqual({
      skipped: "wanda needs statistics of the layer's input, and no calibration data was given",
    });
    expect(prune.advice!(leaf, given({ sparsity: 0.5 }), methodContext(factorisations))).toContain(
      'Of its 544 bytes 32 say where the values lie, 5.9 %.',
    );
  });
});

describe('prune on data', () => {
  const [rows, size] = [48, 200];
  const { x, input } = correlated(size, 300);
  const values = gaussian(random, [rows, size]);
  const leaf = leafOf([rows, size], values);

  it('errs less on the outputs the more it knows of the inputs', async () => {
    for (const budget of [
      { sparsity: 0.5, scope: 'row' },
      { sparsity: 0.5, scope: 'layer' },
      { pattern: { n: 2, m: 4 } },
      { sparsity: 0.8 },
    ]) {
      const errors: number[] = [];
      for (const score of ['magnitude', 'wanda', 'sparsegpt']) {
        const operator = await pruned(leaf, { ...budget, score }, { input });
        const now = await operator.toDense();
        const kept = Math.round((1 - (budget.sparsity ?? 0.5)) * rows * size);
        expect(nonZero(now)).toBe(kept);
        errors.push(outputError(x, values, now, size));
      }
      expect(errors[1]!, JSON.stringify(budget)).toBeLessThan(0.95 * errors[0]!);
      expect(errors[2]!, JSON.stringify(budget)).toBeLessThan(0.8 * errors[1]!);
    }
  });

  it('keeps the exact number in each row and group', async () => {
    const byRow = await (await pruned(leaf, { sparsity: 0.63, score: 'sparsegpt' }, { input })).toDense();
    for (let i = 0; i < rows; i++) expect(nonZero(byRow.subarray(i * size, (i + 1) * size))).toBe(74);
    const grouped = await (await pruned(leaf, { pattern: { n: 3, m: 8 }, score: 'sparsegpt' }, { input })).toDense();
    for (let at = 0; at < grouped.length; at += 8) expect(nonZero(grouped.subarray(at, at + 8))).toBe(3);
  });

  it('ranks by |W|·‖X‖ within each row', async () => {
    const now = await (await pruned(leaf, { sparsity: 0.5, score: 'wanda' }, { input })).toDense();
    for (let i = 0; i < rows; i++) {
      const score = (j: number) => Math.abs(values[i * size + j]!) * Math.sqrt(input.meanSquare[j]!);
      const order = Array.from({ length: size }, (_, j) => j).sort((a, b) => score(b) - score(a));
      const kept = order.slice(0, 100);
      expect(kept.every((j) => now[i * size + j] === values[i * size + j])).toBe(true);
      expect(nonZero(now.subarray(i * size, (i + 1) * size))).toBe(100);
    }
  });

  it('makes up for one weight as the optimal brain surgeon does', async () => {
    // Two columns, one of each row goes: w₂ += w₁·H₁₂/H₂₂ where the first does; nothing lies behind the second.
    const h = Float64Array.of(2, 1.2, 1.2, 3);
    const w = Float32Array.of(0.1, 1, 1, 0.1, -0.2, 2);
    const operator = await pruned(
      leafOf([3, 2], w),
      { sparsity: 0.5, score: 'sparsegpt' },
      { input: fromGram(h, 2, 1) },
    );
    const damped = 3 + 0.01 * 2.5;
    const expected = [0, 1 + (0.1 * 1.2) / damped, 1, 0, 0, 2 - (0.2 * 1.2) / damped];
    expectClose(await operator.toDense(), Float32Array.from(expected), 1e-6, 'OBS');
  });

  it('lets weights of inputs that are always zero go first', async () => {
    const dead = x.map((entry, at) => (at % size < 60 ? 0 : entry));
    const options = { sparsity: 0.3, score: 'sparsegpt', scope: 'layer' };
    const now = await (await pruned(leaf, options, { input: statisticsOf(dead, size, 300) })).toDense();
    for (let i = 0; i < rows; i++) expect(nonZero(now.subarray(i * size, i * size + 60))).toBe(0);
    expect(nonZero(now)).toBe(Math.round(0.7 * rows * size));
  });

  it('can be cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    const wide = leafOf([600, size]);
    const call = prune.apply(
      wide,
      given({ sparsity: 0.5, score: 'sparsegpt' }),
      methodContext(factorisations, { input, signal: stop.signal }),
    );
    await expect(call).rejects.toThrow('aborted');
  });
});

describe('prune in a recipe', () => {
  const [inner, out] = [64, 48];
  const w = gaussian(random, [inner, out]);
  const modelOf = (opset = 17, type: FloatType = 'float32') =>
    readModel(
      memorySource(
        modelBytes({
          opset,
          nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
          inputs: [value('x', DataType.FLOAT, ['n', inner])],
          outputs: [value('y', DataType.FLOAT)],
          initializers: [tensor('w', [inner, out], w)],
        }),
        `${type}.onnx`,
      ),
    );
  const stack = (...steps: [string, object][]) =>
    checkRecipe({ version: 1, steps: steps.map(([method, options]) => ({ layers: 'fc', method, options })) });

  async function run(model: Model): Promise<Float32Array> {
    const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
    const x = gaussian(seeded(5), [7, inner]);
    const { y } = await session.run({ x: { type: 'float32', dims: [7, inner], data: x } });
    await session.release();
    return y!.data as Float32Array;
  }

  it('stacks with what comes before and after, and the model runs', async () => {
    for (const opset of [9, 17]) {
      for (const steps of [
        [
          ['prune', { sparsity: 0.5 }],
          ['half', {}],
        ],
        [
          ['half', {}],
          ['prune', { sparsity: 0.7 }],
        ],
        [
          ['svd', { rank: 12 }],
          ['prune', { sparsity: 0.6 }],
        ],
        [
          ['prune', { sparsity: 0.5 }],
          ['prune', { sparsity: 0.6 }],
        ],
      ] as [string, object][][]) {
        const { model, files, report } = await compress(await modelOf(opset), stack(...steps), { factorisations });
        const place = `opset ${opset}, ${JSON.stringify(steps)}`;
        const [layer] = report.layers;
        expect(
          layer!.steps.map(({ skipped }) => skipped),
          place,
        ).toEqual([undefined, undefined]);
        expect(layer!.steps[1]!.bytes, place).toBeLessThan(layer!.steps[0]!.bytes);
        expect(report.after.bytes, place).toBe((await bytesOfFile(files[0]!)).length);
        // What the report says of the weight is what the model computes: W·I.
        const [y, before] = [await run(model), await run(await modelOf(opset))];
        let [off, all] = [0, 0];
        for (let i = 0; i < y.length; i++) {
          off += (y[i]! - before[i]!) ** 2;
          all += before[i]! ** 2;
        }
        // Seven random inputs of 64 numbers: the error of a weight [48, 64] is met within a fifth.
        expect(Math.sqrt(off / all) / layer!.weightError.measured, place).toBeGreaterThan(0.8);
        expect(Math.sqrt(off / all) / layer!.weightError.measured, place).toBeLessThan(1.2);
      }
    }
  });

  it('takes a pattern in one piece or flat, and refuses what contradicts itself', () => {
    const options = (some: object) => stack(['prune', some]).steps[0]!.options;
    expect(options({ pattern: { n: 2, m: 4 } })).toEqual(options({ pattern: 'n:m' }));
    expect(options({ sparsity: 0.5, pattern: { block: [4, 4] } })).toEqual(
      options({ sparsity: 0.5, pattern: 'block' }),
    );
    const refused = (some: object) => {
      try {
        options(some);
      } catch (error) {
        return (error as Error).message.replace('The recipe, step 1: ', '');
      }
      throw new Error('accepted');
    };
    expect(refused({})).toMatch('must have exactly one of sparsity, size');
    expect(refused({ sparsity: 0.6, pattern: { n: 2, m: 4 } })).toMatch(
      'options.sparsity: must be 0.5, as 2:4 says, or left out (it is 0.6)',
    );
    expect(refused({ size: 0.6, pattern: { n: 2, m: 4 } })).toMatch(
      'options.size: must be left out with the pattern n:m',
    );
    expect(refused({ pattern: { n: 4, m: 4 } })).toMatch('must have an n below m, not 4 of 4');
    expect(refused({ sparsity: 0.5, pattern: { blocks: 4 } })).toMatch(
      'options.pattern: must be one of unstructured, n:m, block',
    );
    expect(refused({ sparsity: 0.5, score: 'sparsegpt', scope: 'model' })).toMatch(
      'options.scope: must be row or layer with sparsegpt',
    );
    expect(refused({ sparsity: 0.5, scope: 'column' })).toMatch('options.scope: must be one of row, layer, model');
  });

  it('shows its options in a form', () => {
    const controls = controlsOf(prune.options);
    expect(controls.map(({ key }) => key)).toEqual([
      'sparsity',
      'size',
      'score',
      'pattern',
      'n',
      'm',
      'rows',
      'columns',
      'scope',
    ]);
    expect(controls.find(({ key }) => key === 'n')).toMatchObject({
      fallback: 2,
      when: { pattern: ['n:m'] },
      whole: true,
    });
  });
});

it('takes two bytes a survivor with codes of 8 bits', async () => {
  const leaf = leafOf([512, 512]);
  const survivors = await pruned(leaf, { sparsity: 0.95 });
  const [values] = leavesOf(survivors);
  const codes = await quantize.apply(
    values!,
    quantize.options.parse({ bits: 8, groupSize: 64, symmetric: true }) as QuantizeOptions,
    methodContext(factorisations),
  );
  if ('skipped' in codes) throw new Error(codes.skipped);
  const operator = survivors.with([codes.operator]);
  // .05·2 bytes of 4, and a scale of 4 bytes for 64 of them.
  expect(operator.bytes / leaf.bytes).toBeLessThan(0.028);
});

it('stores a bit a weight beside half of them in half precision', async () => {
  const leaf = leafOf([64, 64], undefined, 'float16');
  const operator = await pruned(leaf, { sparsity: 0.5 });
  expect(operator.bytes).toBe(64 * 64 * (1 / 8 + BYTES_OF.float16 / 2));
});

it('factorises the inputs once, however often SparseGPT corrects what it keeps for a size', async () => {
  const leaf = leafOf([60, 80]);
  const { input } = correlated(80, 200);
  let grams = 0;
  const counted = {
    ...input,
    gram: async () => {
      grams++;
      return input.gram();
    },
  };
  for (const opset of [9, 17]) {
    grams = 0;
    const options = { size: 0.5, score: 'sparsegpt', scope: 'layer' };
    const operator = await pruned(leaf, options, { input: counted, opset });
    expect(operator.bytes).toBeLessThanOrEqual(0.5 * leaf.bytes);
    expect(grams).toBe(1);
  }
});
