import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { denseOf } from '../../operators/dense/dense';
import { type Dense, matrixOf, type Operator } from '../../operators/operator';
import { fromGram, type InputStatistics } from '../../operators/statistics';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import type { MethodContext, Outcome } from '../method';
import { quantize } from './quantize';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());
const context = methodContext(new Factorisations(backend));
const random = seeded(41);
const normals = (length: number) => Float32Array.from({ length }, () => random.normal());

/** Inputs that hang together, as a layer's do: a few directions, and noise; some channels larger, some always zero. */
function inputs(
  size: number,
  { scales = (_: number): number => 1, directions = 6, samples = 400 } = {},
): InputStatistics {
  const mix = normals(directions * size);
  const gram = new Float64Array(size * size);
  const [meanAbs, largest] = [new Float64Array(size), new Float64Array(size)];
  for (let s = 0; s < samples; s++) {
    const z = normals(directions);
    const x = Float64Array.from({ length: size }, (_, j) => {
      let sum = 0.3 * random.normal();
      for (let d = 0; d < directions; d++) sum += (z[d]! * mix[d * size + j]!) / Math.sqrt(directions);
      return sum * scales(j);
    });
    for (let j = 0; j < size; j++) {
      meanAbs[j]! += Math.abs(x[j]!) / samples;
      largest[j] = Math.max(largest[j]!, Math.abs(x[j]!));
      for (let k = 0; k < size; k++) gram[j * size + k]! += x[j]! * x[k]!;
    }
  }
  return { ...fromGram(gram, size, samples), meanAbs, largest };
}

const apply = (
  leaf: Dense,
  given: object,
  input?: InputStatistics,
  more: Partial<MethodContext> = {},
): Promise<Outcome> =>
  quantize.apply(leaf, quantize.options.parse(given), { ...context, ...more, ...(input && { input }) });

async function made(...args: Parameters<typeof apply>): Promise<Operator> {
  const outcome = await apply(...args);
  if ('skipped' in outcome) throw new Error(outcome.skipped);
  return outcome.operator;
}

/** ‖X·Δᵀ‖/‖X·Wᵀ‖ */
async function outputError(leaf: Dense, operator: Operator, input: InputStatistics): Promise<number> {
  const [rows, columns] = matrixOf(leaf.shape);
  const gram = await input.gram();
  const form = (values: Float32Array) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        for (let k = 0; k < columns; k++)
          sum += values[i * columns + j]! * gram[j * columns + k]! * values[i * columns + k]!;
      }
    }
    return sum;
  };
  const [w, now] = [await leaf.toDense(), await operator.toDense()];
  return Math.sqrt(form(w.map((value, i) => value - now[i]!)) / form(w));
}

describe('GPTQ', () => {
  it('errs less at the output than rounding to nearest, at every width and group, on kernels too', async () => {
    const cases = [
      { shape: [50, 96], given: { bits: 4 } },
      { shape: [50, 96], given: { bits: 2, groupSize: 16 } },
      { shape: [20, 300], given: { bits: 4, groupSize: 256 } },
      { shape: [20, 300], given: { bits: 8, groupSize: 0 } },
      { shape: [201, 140], given: { bits: 2, groupSize: 0, symmetric: false } },
      { shape: [30, 12, 3, 3], given: { bits: 4, groupSize: 64 } },
    ];
    for (const { shape, given } of cases) {
      const [rows, columns] = matrixOf(shape);
      const leaf = denseOf(shape, 'float32', normals(rows * columns));
      const input = inputs(columns);
      const plain = await outputError(leaf, await made(leaf, given), input);
      const better = await outputError(leaf, await made(leaf, { ...given, rounding: 'gptq' }, input), input);
      // Noise is some tenth of what the directions carry: most of an error along those can be made up for.
      expect(better, JSON.stringify({ shape, given, plain })).toBeLessThan(0.7 * plain);
    }
  });

  it('is rounding to nearest where inputs do not hang together, and for those that were never seen', async () => {
    const leaf = denseOf([40, 40], 'float32', normals(1600));
    const gram = new Float64Array(1600);
    for (let j = 0; j < 40; j++) gram[j * 40 + j] = j % 3 === 0 ? 0 : 1 + j;
    const given = { bits: 4, groupSize: 16 };
    const plain = await (await made(leaf, given)).toDense();
    expect(await (await made(leaf, { ...given, rounding: 'gptq' }, fromGram(gram, 40, 10))).toDense()).toEqual(plain);
  });

  it('is the loop of the paper, column by column', async () => {
    const [rows, columns] = [4, 150];
    const values = normals(rows * columns);
    const leaf = denseOf([rows, columns], 'float32', values);
    const input = inputs(columns, { samples: 1000 });
    const now = await (await made(leaf, { bits: 8, groupSize: 0, rounding: 'gptq' }, input)).toDense();
    // From H⁻¹ itself, which loses its first row and column at every step: (18) of Frantar & Alistarh 2022.
    const h = (await input.gram()).slice();
    let mean = 0;
    for (let j = 0; j < columns; j++) mean += h[j * columns + j]! / columns;
    for (let j = 0; j < columns; j++) h[j * columns + j]! += 0.01 * mean;
    const inverse = inverted(h, columns);
    const w = Float64Array.from(values);
    const scales = Array.from({ length: rows }, (_, i) =>
      Math.fround(
        values.subarray(i * columns, (i + 1) * columns).reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127,
      ),
    );
    for (let j = 0; j < columns; j++) {
      const pivot = inverse[j * columns + j]!;
      for (let i = 0; i < rows; i++) {
        const code = Math.max(-128, Math.min(127, Math.round(w[i * columns + j]! / scales[i]!)));
        const error = (w[i * columns + j]! - Math.fround(code * scales[i]!)) / pivot;
        for (let k = j; k < columns; k++) w[i * columns + k]! -= error * inverse[j * columns + k]!;
        w[i * columns + j] = Math.fround(code * scales[i]!);
      }
      for (let a = columns - 1; a > j; a--) {
        const factor = inverse[a * columns + j]! / pivot;
        for (let b = j; b < columns; b++) inverse[a * columns + b]! -= factor * inverse[j * columns + b]!;
      }
    }
    // A weight on the border between two codes may fall either way, after which its row goes on otherwise.
    const equal = [...now].filter((value, i) => value === w[i]).length;
    expect(equal).toBeGreaterThan(0.99 * now.length);
  });
});

describe('AWQ', () => {
  it('errs less at the output than rounding to nearest where some inputs are large', async () => {
    for (const shape of [
      [60, 96],
      [24, 16, 3, 3],
    ]) {
      const [rows, columns] = matrixOf(shape);
      const taps = columns / shape[1]!;
      const leaf = denseOf(shape, 'float32', normals(rows * columns));
      const input = inputs(columns, { scales: (j) => (Math.floor(j / taps) % 12 === 0 ? 20 : 1), directions: 30 });
      const plain = await outputError(leaf, await made(leaf, {}), input);
      const scaled = await made(leaf, { rounding: 'awq' }, input);
      expect(await outputError(leaf, scaled, input)).toBeLessThan(0.85 * plain);
      const plan = quantize.plan(leaf, quantize.options.parse({ rounding: 'awq' }), context);
      if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
      expect([plan.bytes, plan.form]).toEqual([scaled.bytes, scaled.form]);
    }
  });

  it('never errs more', async () => {
    for (let i = 0; i < 5; i++) {
      const leaf = denseOf([20, 64], 'float32', normals(20 * 64));
      const input = inputs(64, { scales: (j) => (j % 7 === 3 ? 0 : 1 + random.uniform()) });
      const plain = await outputError(leaf, await made(leaf, { bits: 2 }), input);
      const scaled = await outputError(leaf, await made(leaf, { bits: 2, rounding: 'awq' }, input), input);
      // Errors are compared in float32.
      expect(scaled).toBeLessThanOrEqual(plain * (1 + 1e-5));
    }
  });
});

describe('8-bit inputs', () => {
  const leaf = denseOf([48, 64], 'float32', normals(48 * 64));

  it('keep the channels with outliers as they are', async () => {
    const scales = (j: number) => (j === 5 || j === 40 ? 50 : 1);
    const input = inputs(64, { scales });
    const given = { bits: 8, activations: 'outliers', threshold: 12 };
    const operator = await made(leaf, given, input);
    expect(operator.form).toBe('62 columns 8-bit per channel, int8 inputs + 2 columns dense');
    expect(operator.bytes).toBe(48 * 64 + 48 * 4 + 2 * 48 * 4 + 64 * 4);
    const [w, now] = [await leaf.toDense(), await operator.toDense()];
    for (let i = 0; i < 48; i++) for (const j of [5, 40]) expect(now[i * 64 + j]).toBe(w[i * 64 + j]);
    expect((await made(leaf, { ...given, threshold: 1e4 }, input)).form).toBe('8-bit per channel, int8 inputs');
    expect(await apply(leaf, { ...given, threshold: 1e-3 }, input)).toEqual({
      skipped: 'all of its 64 inputs exceed 0.001',
    });
  });

  it('say where they cannot be had', async () => {
    const given = { bits: 8, activations: 'dynamic' };
    expect(await apply(leaf, given, undefined, { opset: 10 })).toEqual({
      skipped: '8-bit inputs need opset 11 (DynamicQuantizeLinear), and the model has 10',
    });
    expect(await apply(leaf, given, undefined, { op: 'Conv' })).toEqual({
      skipped: '8-bit inputs are for MatMul and Gemm, and this is a Conv: take activations none',
    });
    expect(quantize.options.safeParse({ activations: 'dynamic' }).error?.issues[0]).toMatchObject({
      path: ['bits'],
      message: 'must be 8 where inputs are quantised too (activations dynamic or outliers)',
    });
    expect(await apply(leaf, { rounding: 'awq' })).toEqual({
      skipped: "rounding by awq needs statistics of the layer's input, and no calibration data was given",
    });
  });
});

/** Gauss–Jordan; the matrix is positive definite. */
function inverted(matrix: Float64Array, size: number): Float64Array {
  const a = matrix.slice();
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) inverse[i * size + i] = 1;
  for (let p = 0; p < size; p++) {
    const pivot = a[p * size + p]!;
    for (let k = 0; k < size; k++) {
      a[p * size + k]! /= pivot;
      inverse[p * size + k]! /= pivot;
    }
    for (let i = 0; i < size; i++) {
      if (i === p) continue;
      const factor = a[i * size + p]!;
      for (let k = 0; k < size; k++) {
        a[i * size + k]! -= factor * a[p * size + k]!;
        inverse[i * size + k]! -= factor * inverse[p * size + k]!;
      }
    }
  }
  return inverse;
}
