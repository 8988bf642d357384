import { randomQuantized } from '../backend/weights.fixtures';
import { seeded } from '../core/random';
import { gaussian } from '../model/fixtures';
import { clustered, codebookOf } from './codebook/codebook';
import { columnParts, columnsOf } from './columnParts/columnParts';
import { denseOf } from './dense/dense';
import { lowRank } from './lowRank/lowRank';
import { elements, type FloatType, matrixOf, type Operator } from './operator';
import { quantizedOf } from './quantized/quantized';

import { scaled } from './scaled/scaled';
import { shared } from './shared/shared';
import { sparseOf } from './sparse/sparse';
import { sparsely } from './sparse/sparse.fixtures';
import { sum } from './sum/sum';
import { trainOf } from './tensorTrain/tensorTrain';
import { tucker2 } from './tucker2/tucker2';

const random = seeded(11);
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));
const half = (...shape: number[]) => denseOf(shape, 'float16', gaussian(random, shape));

const train = (
  shape: number[],
  out: number[],
  inner: number[],
  bonds: number[],
  type: FloatType = 'float32',
): Operator => {
  const cores = out.map((size, k) => {
    const core = [bonds[k - 1] ?? 1, size, inner[k]!, bonds[k] ?? 1] as const;
    return { values: gaussian(random, core), shape: core };
  });
  return trainOf(cores, shape, type);
};
const coded = (
  shape: readonly number[],
  { bits = 4, blockSize = 16, zeroPoints = true, type = 'float32', dynamic = false }: Partial<Coded> = {},
) => {
  const [rows, columns] = matrixOf(shape);
  const form = randomQuantized(random, rows, columns, { bits, blockSize, zeroPoints });
  const scales = form.scales.map((_, i) => (1 + (i % 7)) / 8);
  return quantizedOf(shape, type, { ...form, scales }, { dynamic });
};
interface Coded {
  bits: 2 | 4 | 8;
  blockSize: number;
  zeroPoints: boolean;
  type: FloatType;
  dynamic: boolean;
}

const listed = (size: number, shape: readonly number[], type: FloatType = 'float32') => {
  const codes = Uint8Array.from({ length: elements(shape) }, () => random.below(size));
  const values = Float32Array.from({ length: size }, (_, i) => (i - size / 3) / 16);
  return clustered(shape, codes, codebookOf(values, type));
};

const sharing = (slots: Operator, shape: number[], run = slots.shape[1]!): Operator => shared(slots, shape, run, 5);

/**
 * One of every operator, and of stacks of them, for a model of an opset: what a new operator is added to, so that every
 * test of forms runs it.
 */
export const OPERATORS: Readonly<Record<string, (opset: number) => Operator | Promise<Operator>>> = {
  'half precision': () => half(40, 24),
  'half precision, kernel': () => half(12, 10, 3, 3),
  'low rank': () => lowRank(leaf(40, 6), leaf(6, 24)),
  'low rank of low rank, in half precision': () => lowRank(half(40, 8), lowRank(half(8, 3), leaf(3, 24))),
  'low rank of a kernel': () => lowRank(leaf(12, 4), leaf(4, 10, 3, 3)),
  'low rank of a kernel over one axis, in half precision': () => lowRank(half(9, 2), half(2, 6, 5)),
  'low rank of a kernel, its factors in codes and Tucker-2': () =>
    lowRank(coded([12, 6], { bits: 8 }), tucker2(leaf(5, 10), leaf(4, 5, 3, 3), half(6, 4))),
  'Tucker-2': () => tucker2(leaf(5, 10), leaf(6, 5, 3, 3), leaf(12, 6)),
  'sum of two': () => sum([lowRank(leaf(40, 6), leaf(6, 24)), half(40, 24)]),
  'sum of kernels': () => sum([leaf(12, 10, 3, 3), tucker2(leaf(5, 10), leaf(6, 5, 3, 3), leaf(12, 6))]),
  'tensor train of two sites, in half precision': () => train([40, 24], [5, 8], [6, 4], [7], 'float16'),
  'tensor train of three sites, from the right': () => train([40, 24], [5, 2, 4], [2, 3, 4], [6, 5]),
  'tensor train of four sites, from the left': () => train([24, 40], [2, 3, 2, 2], [4, 2, 1, 5], [3, 5, 2]),
  'padded tensor train, scaled': () => scaled(train([37, 23], [4, 5, 2], [3, 2, 4], [4, 3]), leaf(1, 23)),
  'padded tensor train of a kernel': () => train([11, 10, 3, 3], [3, 4], [10, 10], [6], 'float16'),
  'sum with a tensor train': () => sum([train([40, 24], [5, 8], [6, 4], [3]), lowRank(half(40, 2), leaf(2, 24))]),
  'sparse, the smallest layout': (opset) => sparsely(opset, [40, 24], 0.3),
  'sparse, few of a wide matrix': (opset) => sparsely(opset, [12, 700], 0.02),
  'sparse, bits that fill no byte': (opset) => sparsely(opset, [7, 9], 0.5, { type: 'float16' }),
  'sparse, uneven rows by columns': (opset) => sparsely(opset, [9, 300], 0.1, opset < 9 ? {} : { layout: 'columns' }),
  'sparse, by ranks of two bytes': (opset) => sparsely(opset, [3, 600], 0.6, { layout: 'ranks' }),
  'sparse kernel': (opset) => sparsely(opset, [12, 10, 3, 3], 0.08),
  'sparse 2:4': (opset) => sparsely(opset, [10, 24], 0.9, { pattern: { kind: 'n:m', n: 2, m: 4 } }),
  'sparse 3:8 of an odd number, in half precision': (opset) =>
    sparsely(opset, [5, 24], 0.9, { pattern: { kind: 'n:m', n: 3, m: 8 }, type: 'float16' }),
  'sparse 1:32': (opset) => sparsely(opset, [6, 64], 0.9, { pattern: { kind: 'n:m', n: 1, m: 32 } }),
  'sparse 2:4 over the edge': (opset) => sparsely(opset, [10, 22], 0.9, { pattern: { kind: 'n:m', n: 2, m: 4 } }),
  'sparse 2:4 kernel': (opset) => sparsely(opset, [8, 4, 3, 3], 0.9, { pattern: { kind: 'n:m', n: 2, m: 4 } }),
  'sparse blocks': (opset) => sparsely(opset, [24, 40], 0.4, { pattern: { kind: 'block', rows: 4, columns: 8 } }),
  'sparse blocks over the edges, in half precision': (opset) =>
    sparsely(opset, [23, 37], 0.3, { pattern: { kind: 'block', rows: 4, columns: 4 }, type: 'float16' }),
  'few sparse blocks of a kernel': (opset) =>
    sparsely(opset, [12, 10, 3, 3], 0.1, { pattern: { kind: 'block', rows: 2, columns: 2 } }),
  'low rank plus sparse': async (opset) =>
    sum([lowRank(leaf(40, 4), leaf(4, 24)), await sparsely(opset, [40, 24], 0.1)]),
  'low rank of sparse factors': async (opset) =>
    lowRank(await sparsely(opset, [40, 12], 0.4), await sparsely(opset, [12, 24], 0.1)),
  'sparse of sparse, in half precision': async (opset) => {
    const outer = await sparsely(opset, [20, 32], 0.5);
    const values = await outer.children[0]!.toDense();
    for (let i = 0; i < values.length; i += 3) values[i] = 0;
    const target = { shape: [1, values.length], type: 'float16', pattern: { kind: 'unstructured' }, opset } as const;
    return outer.with([await sparseOf(values, target)]);
  },
  shared: () => sharing(leaf(1, 211), [40, 24]),
  'shared by whole runs, scaled': () => scaled(sharing(leaf(1, 320), [40, 24]), leaf(1, 24)),
  'shared by a kernel, in half precision': () => sharing(half(1, 97), [12, 10, 3, 3]),
  'shared in runs of 16': () => sharing(leaf(1, 211), [40, 24], 16),
  'shared in short runs over the edge': () => sharing(leaf(1, 97), [11, 23], 9),
  'shared by a few slots': () => sum([sharing(leaf(1, 1), [40, 24]), sharing(leaf(1, 16), [40, 24])]),
  scaled: () => scaled(lowRank(leaf(40, 6), leaf(6, 24)), leaf(1, 24)),
  '4 bits': () => coded([40, 64]),
  '4 bits, padded and symmetric': () => coded([40, 24], { blockSize: 32, zeroPoints: false }),
  '4 bits, padded, an odd count of groups': () => coded([12, 70]),
  '2 bits': () => coded([40, 64], { bits: 2, blockSize: 32 }),
  '2 bits, half precision': () => coded([40, 50], { bits: 2, type: 'float16' }),
  '8 bits': () => coded([40, 64], { bits: 8, blockSize: 32 }),
  '8 bits, one scale a row': () => coded([40, 22], { bits: 8, blockSize: 24, zeroPoints: false }),
  '8 bits, int8 inputs': () => coded([40, 22], { bits: 8, blockSize: 24, zeroPoints: false, dynamic: true }),
  '4 bits, kernel': () => coded([12, 10, 3, 3]),
  '2 bits, small kernel': () => coded([12, 1, 3, 3], { bits: 2, blockSize: 12, type: 'float16' }),
  'low rank of codes': () => lowRank(coded([40, 16]), coded([16, 24], { bits: 8, zeroPoints: false })),
  'Tucker-2 of codes': () => tucker2(coded([5, 10], { blockSize: 12 }), coded([6, 5, 3, 3]), leaf(12, 6)),
  'scaled codes': () => scaled(coded([40, 32]), leaf(1, 32)),
  'int8 inputs but for two columns': () => {
    const rest = [...Array(24).keys()].filter((column) => column !== 3 && column !== 17);
    const codes = coded([40, 22], { bits: 8, blockSize: 24, zeroPoints: false, dynamic: true });
    return columnParts([
      { columns: columnsOf(rest), operator: codes },
      { columns: columnsOf([17, 3]), operator: half(40, 2) },
    ]);
  },
  'sparse, its values in codes': async (opset) => {
    const outer = await sparsely(opset, [20, 32], 0.3);
    return outer.with([coded(outer.children[0]!.shape, { bits: 8, blockSize: 32 })]);
  },
  'codebook of 2': () => listed(2, [40, 24]),
  'codebook of 3, odd': () => listed(3, [13, 25]),
  'codebook of 16': () => listed(16, [40, 24]),
  'codebook of 100, half precision': () => listed(100, [40, 24], 'float16'),
  'codebook of 11, kernel': () => listed(11, [11, 5, 3, 3], 'float16'),
  'sum with a codebook': () => sum([listed(4, [40, 24]), lowRank(coded([40, 16]), listed(200, [16, 24]))]),
  'scaled kernel': () => scaled(half(12, 10, 3, 3), leaf(1, 10)),
};

/** Operators that need more than the oldest opset that is tested. */
export const LEAST_OPSET: Readonly<Record<string, number>> = {
  '8 bits, int8 inputs': 11,
  'int8 inputs but for two columns': 11,
};

/**
 * What their own forms may err by, of the largest output, where they round their inputs: to 8 bits of a range of some 6
 * standard deviations, 0.7 % of one each, which is about the error of a sum over that of its largest of some 200.
 */
export const TOLERANCE: Readonly<Record<string, number>> = {
  '8 bits, int8 inputs': 1.5e-2,
  'int8 inputs but for two columns': 1.5e-2,
};
