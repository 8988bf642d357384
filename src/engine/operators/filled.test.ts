import { expect, it } from 'vitest';
import { seeded } from '../core/random';
import { denseWeights } from '../reference/weights';
import { plannedClustered, plannedCodebook } from './codebook/codebook';
import { columnParts, columnsOf } from './columnParts/columnParts';
import { plannedDense } from './dense/dense';
import { filled } from './filled';
import { lowRank } from './lowRank/lowRank';
import type { Operator } from './operator';
import { plannedQuantized } from './quantized/quantized';
import { scaled } from './scaled/scaled';
import { shared } from './shared/shared';
import type { Pattern } from './sparse/layouts/cells';
import { plannedSparse } from './sparse/sparse';
import { sum } from './sum/sum';
import { plannedTrain } from './tensorTrain/tensorTrain';
import { tucker2 } from './tucker2/tucker2';

const leaf = (...shape: number[]) => plannedDense(shape, 'float32');
const sparse = (pattern: Pattern, kept: number, opset = 17) =>
  plannedSparse({ shape: [40, 240], type: 'float16', pattern, opset }, kept, false);
const codes = (shape: readonly number[]) =>
  plannedQuantized(shape, 'float16', { bits: 4, blockSize: 16, zeroPoints: true });

const PLANS: Readonly<Record<string, Operator>> = {
  'low rank of codes': lowRank(codes([40, 8]), leaf(8, 240)),
  'Tucker-2': tucker2(leaf(5, 10), leaf(6, 5, 3, 3), leaf(12, 6)),
  'tensor train': plannedTrain({ out: [5, 8], in: [15, 16], bonds: [7] }, [40, 238], 'float32'),
  'a few weights': sparse({ kind: 'unstructured' }, 100),
  'half of the weights': sparse({ kind: 'unstructured' }, 4800),
  'half of the weights, by ranks': sparse({ kind: 'unstructured' }, 4800, 7),
  '2:4': sparse({ kind: 'n:m', n: 2, m: 4 }, 4800),
  blocks: sparse({ kind: 'block', rows: 4, columns: 8 }, 60),
  'sparse, its values in codes': sparse({ kind: 'unstructured' }, 4800).with([codes([1, 4800])]),
  codebook: plannedClustered([40, 240], plannedCodebook(11, 'float16')),
  shared: shared(leaf(1, 97), [40, 240], 97, 5),
  'scaled codes': scaled(codes([40, 240]), leaf(1, 240)),
  sum: sum([lowRank(leaf(40, 3), leaf(3, 240)), sparse({ kind: 'unstructured' }, 100)]),
  'parts of columns': columnParts([
    { columns: columnsOf([...Array(238).keys()]), operator: codes([40, 238]) },
    { columns: columnsOf([238, 239]), operator: leaf(40, 2) },
  ]),
};

it.each(Object.entries(PLANS))('%s has contents of the planned sizes', async (_, plan) => {
  await expect(plan.prepare(denseWeights)).rejects.toThrow('only planned');
  const operator = filled(plan, seeded(1));
  const { values } = await operator.prepare(denseWeights);
  expect(operator.shape).toEqual(plan.shape);
  expect(values.every(Number.isFinite)).toBe(true);
  const found = values.reduce((sum, value) => sum + Number(value !== 0), 0);
  // Products count for all but a few zeros that are drawn by chance.
  const expected = Math.min(
    values.length,
    plan.kind === 'sparse' ? plan.places.kept * plan.places.grid.cell : values.length,
  );
  expect(Math.abs(found / expected - 1)).toBeLessThan(0.15);
});
