import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { relativeDistance } from '../../linalg/distance';
import { readModel } from '../../model/model';
import { DataType, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { denseOf } from '../../operators/dense/dense';
import { type Dense, type FloatType, matrixOf, type Operator } from '../../operators/operator';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import type { MethodContext } from '../method';
import { normalRoundingLoss } from './advice';
import type { QuantizeOptions } from './options';
import { quantize } from './quantize';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));
const random = seeded(31);

const leafOf = (shape: readonly number[], type: FloatType = 'float32', shift = 0): Dense => {
  const length = shape.reduce((product, size) => product * size, 1);
  return denseOf(
    shape,
    type,
    Float32Array.from({ length }, () => random.normal() + shift),
  );
};
const optionsOf = (given: object): QuantizeOptions => quantize.options.parse(given);

async function quantised(leaf: Dense, given: object, more: Partial<MethodContext> = {}): Promise<Operator> {
  const outcome = await quantize.apply(leaf, optionsOf(given), { ...context, ...more });
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome.operator;
}

describe('quantize to the nearest code', () => {
  it('errs by half a scale at most, keeps zeros, and stores what it plans', async () => {
    for (let round = 0; round < 60; round++) {
      const bits = ([8, 4, 2] as const)[round % 3]!;
      const groupSize = ([0, 16, 32, 64, 128] as const)[random.below(5)]!;
      const symmetric = random.below(2) > 0;
      const type = random.below(2) > 0 ? 'float32' : 'float16';
      const shape =
        random.below(3) > 0 ? [12 + random.below(30), 80 + random.below(300)] : [32, 4 + random.below(9), 3, 3];
      const [rows, columns] = matrixOf(shape);
      // Some rows lie on one side of zero only, some are nothing but zeros.
      const values = Float32Array.from({ length: rows * columns }, (_, i) => {
        const row = Math.floor(i / columns);
        if (row % 5 === 4 || random.below(6) === 0) return 0;
        return row % 5 === 3 ? Math.abs(random.normal()) + 1 : random.normal();
      });
      const leaf = denseOf(shape, type, values);
      const given = { bits, groupSize, symmetric };
      const outcome = await quantize.apply(leaf, optionsOf(given), context);
      const plan = quantize.plan(leaf, optionsOf(given), context);
      if ('skipped' in outcome) {
        expect(plan).toEqual(outcome);
        continue;
      }
      const { operator } = outcome;
      if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
      for (const key of ['bytes', 'parameters', 'multiplyAdds', 'form', 'rebuildBytes'] as const) {
        expect(plan[key], `${JSON.stringify(given)} ${shape}`).toEqual(operator[key]);
      }
      const [before, after] = [await leaf.toDense(), await operator.toDense()];
      const size = groupSize > 0 && groupSize < columns ? groupSize : columns;
      for (let i = 0; i < rows; i++) {
        for (let from = 0; from < columns; from += size) {
          const group = before.subarray(i * columns + from, i * columns + Math.min(columns, from + size));
          const [lo, hi] = [Math.min(0, ...group), Math.max(0, ...group)];
          const scale = symmetric ? Math.max(-lo, hi) / (2 ** (bits - 1) - 1) : (hi - lo) / (2 ** bits - 1);
          // A scale that was rounded to its type moves the outermost code, 2^bits scales away, by as many roundings.
          const rounding = 2 ** bits * (type === 'float32' ? 2 ** -23 : 2 ** -11);
          for (const [j, value] of group.entries()) {
            const now = after[i * columns + from + j]!;
            expect(Math.abs(now - value)).toBeLessThanOrEqual(scale * (0.5 + rounding));
            if (value === 0) expect(Math.abs(now)).toBe(0);
          }
        }
      }
    }
  });

  it('keeps to the bytes that its options promise', async () => {
    const leaf = leafOf([64, 512]);
    expect((await quantised(leaf, {})).bytes / leaf.bytes).toBeLessThanOrEqual(0.162);
    expect((await quantised(leaf, { bits: 2, groupSize: 64 })).bytes / leaf.bytes).toBeLessThanOrEqual(0.081);
    const eight = await quantised(leaf, { bits: 8, groupSize: 0 });
    expect(eight.bytes).toBe(64 * 512 + 64 * 4);
    expect(eight.form).toBe('8-bit per channel');
  });

  it('takes the values of a sparse weight', async () => {
    const values = await quantised(leafOf([1, 1900]), { bits: 4 });
    expect(values.shape).toEqual([1, 1900]);
    expect(values.bytes).toBe(60 * 16 + 60 * 4 + 30);
  });

  it('follows a truncation, factor by factor, and has nothing to do a second time', async () => {
    const values = Float32Array.from({ length: 96 * 128 }, () => random.normal());
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
      inputs: [value('x', DataType.FLOAT, ['n', 96])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [tensor('w', [96, 128], values)],
    });
    const model = await readModel(memorySource(bytes, 'm.onnx'));
    const step = (method: string, options: object) => ({ layers: 'fc', method, options });
    const recipe = checkRecipe({
      version: 1,
      steps: [step('svd', { rank: 32 }), step('quantize', { bits: 8 }), step('quantize', {})],
    });
    const { report } = await compress(model, recipe, { factorisations: new Factorisations(backend) });
    const [truncated, coded, again] = report.layers[0]!.steps;
    expect(truncated!.bytes).toBe(4 * 32 * (96 + 128));
    expect(coded!.bytes).toBe(128 * (32 + 4) + 32 * (96 + 3 * 4));
    expect(coded!.added).toBeGreaterThan(0);
    // A step of 8 bits is some 3σ/127, and its rounding 1/√12 of one: .7 %, twice; both are random of the norm kept.
    expect(coded!.added).toBeLessThan(0.015);
    expect(again!.skipped).toBe(
      'nothing is left to rewrite: it is lowRank 32 of 8-bit per channel and 8-bit groups of 32 already',
    );
  });

  it('knows what normally distributed weights lose', async () => {
    const leaf = leafOf([64, 1024]);
    const exact = await leaf.toDense();
    for (const bits of [8, 4, 2] as const) {
      for (const groupSize of [16, 64, 256, 0] as const) {
        for (const symmetric of bits === 2 ? [false] : [false, true]) {
          const now = await (await quantised(leaf, { bits, groupSize, symmetric })).toDense();
          const loss = normalRoundingLoss({ bits, zeroPoints: !symmetric }, groupSize || 1024);
          expect(Math.abs(relativeDistance(exact, now, exact) / loss - 1)).toBeLessThan(0.05);
        }
      }
    }
  });

  it('advises with numbers', () => {
    const advise = (leaf: Dense, given: object, more: object = {}) =>
      quantize.advice!(leaf, optionsOf(given), { ...context, ...more }).join(' ');
    expect(advise(leafOf([64, 512]), {})).toMatch(
      /^Stores 16 % of the bytes before this step; .* 8\.1 % of the norm.*GPTQ.*stays small/,
    );
    expect(advise(leafOf([64, 512]), { bits: 8, groupSize: 0 })).toMatch(/25\.2 % .*no runtime applies/);
    expect(advise(leafOf([64, 512]), { bits: 8, activations: 'dynamic' })).toMatch(/WebGPU has none/);
    expect(advise(leafOf([64, 512]), { bits: 8, activations: 'dynamic' }, { opset: 9 })).toBe(
      'It is left as it is: 8-bit inputs need opset 11 (DynamicQuantizeLinear), and the model has 9.',
    );
  });

  it('says what options may be', () => {
    const fault = (given: object) => quantize.options.safeParse(given).error?.issues[0]?.message;
    expect(fault({ bits: 3 })).toBe('must be one of 8, 4, 2');
    expect(fault({ groupSize: 48 })).toBe('must be one of 0, 16, 32, 64, 128, 256');
  });
});

it('leaves what is read by index as it is where codes are chosen by inputs', async () => {
  const leaf = leafOf([64, 96]);
  const lookup = { ...context, op: 'Gather' };
  for (const rounding of ['gptq', 'awq']) {
    const options = optionsOf({ rounding });
    const reason = { skipped: expect.stringContaining('is read by index') };
    expect(quantize.plan(leaf, options, lookup)).toEqual(reason);
    expect(await quantize.apply(leaf, options, lookup)).toEqual(reason);
  }
});
