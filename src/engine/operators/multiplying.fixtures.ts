import { expect } from 'vitest';
import type { Backend } from '../backend/backend';
import { seeded } from '../core/random';
import { gaussian } from '../model/fixtures';
import { denseWeights, productOf } from '../reference/weights';
import { matrixOf, type Operator } from './operator';

const EPSILON = 2 ** -24;

/**
 * The most terms that are summed on the way to one output: factors that follow one another add the lengths of their sums,
 * as do parts that are added up. On top come two roundings of a weight that is decoded, and those of a scale and a sum.
 */
function terms(operator: Operator): number {
  const { kind, shape, children } = operator;
  switch (kind) {
    case 'lowRank':
    case 'tucker2':
    case 'tensorTrain':
    case 'sum':
    case 'scaled':
    case 'columnParts':
      return children.reduce((sum, child) => sum + terms(child), 4);
    default:
      return matrixOf(shape)[1] + 4;
  }
}

/** Token counts on both sides of where kernels change: one, few, a vector's and a tile's rest, many. */
export const TOKENS = [1, 3, 16, 17, 256];

/**
 * Asserts that a backend multiplies by the operator in its own form as its dense weight does in float64. A sum of K products,
 * in whatever order, is within K·ε/(1 − K·ε) of Σ|x·w| (Higham, 3.1); see `terms` for K.
 */
export async function expectMultiplies(
  backend: Backend,
  operator: Operator,
  what: string,
  tokens: readonly number[] = TOKENS,
): Promise<void> {
  const twin = await operator.prepare(denseWeights);
  const { rows, columns } = twin;
  const bound = terms(operator) * EPSILON * 1.01;
  within([...(await operator.toDense())], twin.values, twin.magnitudes, bound, `${what}, dense`);
  const weight = await backend.prepare(operator);
  try {
    expect([weight.rows, weight.columns], what).toEqual([rows, columns]);
    expect(weight.bytes, what).toBeGreaterThan(0);
    for (const count of tokens) {
      const x = gaussian(seeded(count), [count, columns]);
      const input = backend.upload(x, count, columns);
      const output = await weight.multiply(input);
      const found = await backend.download(output);
      backend.free(input, output);
      const { y, magnitudes } = productOf(x, count, twin);
      within(found, y, magnitudes, bound, `${what}, ${count} tokens`);
    }
  } finally {
    weight.free();
  }
}

function within(
  found: ArrayLike<number>,
  expected: Float64Array,
  magnitudes: Float64Array,
  bound: number,
  what: string,
): void {
  expect(found.length, what).toBe(expected.length);
  const wrong = expected.findIndex((value, i) => !(Math.abs(found[i]! - value) <= bound * magnitudes[i]! + 1e-37));
  if (wrong < 0) return;
  const tolerance = bound * magnitudes[wrong]!;
  throw new Error(`${what}: ${found[wrong]} instead of ${expected[wrong]} at ${wrong} (tolerance ${tolerance})`);
}
