import { afterAll, describe, expect, it } from 'vitest';
import { gaussian } from '../../model/fixtures';
import { fromGram } from '../../operators/statistics';
import { statisticsOf } from '../../operators/statistics.fixtures';
import { expectClose } from '../../reference/compare';
import { methodContext } from '../context.fixtures';
import { prune } from './prune';
import { backend, factorisations, given, leafOf, nonZero, pruned, random } from './prune.fixtures';

afterAll(() => backend.dispose());

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
  return { x, input: statisticsOf(x, size) };
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

  it('ranks by |W|·‖X‖ among every m inputs that follow one another', async () => {
    const now = await (await pruned(leaf, { pattern: { n: 2, m: 4 }, score: 'wanda' }, { input })).toDense();
    let differing = 0;
    for (let at = 0; at < now.length; at += 4) {
      const group = [at, at + 1, at + 2, at + 3];
      const score = (k: number) => Math.abs(values[k]!) * Math.sqrt(input.meanSquare[k % size]!);
      const largest = (of: (k: number) => number) => [...group].sort((a, b) => of(b) - of(a)).slice(0, 2);
      const kept = largest(score);
      expect(group.map((k) => now[k])).toEqual(group.map((k) => (kept.includes(k) ? values[k] : 0)));
      if (`${kept.sort()}` !== `${largest((k) => Math.abs(values[k]!)).sort()}`) differing++;
    }
    // Otherwise it would be magnitude's choice.
    expect(differing).toBeGreaterThan(now.length / 40);
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
    const now = await (await pruned(leaf, options, { input: statisticsOf(dead, size) })).toDense();
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
