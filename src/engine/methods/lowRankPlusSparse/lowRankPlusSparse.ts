import { z } from 'zod';
import { alternated, chosen } from '../../linalg/lowRankPlusSparse';
import { denseOf, plannedDense } from '../../operators/dense/dense';
import { lowRank } from '../../operators/lowRank/lowRank';
import { BYTES_OF, type Dense, isMatrix, type Operator } from '../../operators/operator';
import { multiplyOn } from '../../operators/product';
import { plannedSparse, type SparseTarget, sparseOf } from '../../operators/sparse/sparse';
import { sum } from '../../operators/sum/sum';
import type { Method, MethodContext, Outcome, PlanContext, Skipped } from '../method';
import { choice, share, whole } from '../options';
import { keptWithin } from '../prune/budget';
import { diagonalRoot } from '../whitening';
import { factorisationCost } from '../work';

const options = z.strictObject({
  size: share({ title: 'Size', help: 'stored bytes after over before, places included', initial: 0.5 }),
  rankShare: z
    .number('must be a number above 0 and below 1')
    .gt(0, 'must be a number above 0 and below 1')
    .lt(1, 'must be a number above 0 and below 1')
    .meta({
      control: {
        unit: 'share',
        title: 'Rank share',
        help: 'the share of the bytes that the low rank has; the sparse part has the others',
        range: [0.05, 0.95],
      },
    })
    .default(0.25),
  iterations: whole(1, 1000, {
    title: 'Iterations',
    help: 'the most rounds in which each part is fitted to what the other leaves; fewer where a round gains nothing',
    range: [1, 80],
  }).default(80),
  whiten: choice(['none', 'diagonal'], {
    title: 'Minimise error of',
    help: 'the error that is minimised; outputs need calibration data, of which diagonal takes each input by itself',
    labels: { none: 'weights', diagonal: 'outputs (diagonal)' },
  }).default('none'),
});

export type LowRankPlusSparseOptions = z.infer<typeof options>;

/**
 * W ≈ L + S, with L of low rank and S sparse with equally many values in every row (OATS: Zhang & Papyan 2024,
 * arXiv:2409.13652). L takes the few directions that all weights share, and S the few weights that stand out, so that
 * neither has to represent both. With whitening by D = diag(√mean x²), L + S approximates W·D, and Ŵ = (L + S)·D⁻¹.
 */
export const lowRankPlusSparse: Method<LowRankPlusSparseOptions> = {
  name: 'low-rank-plus-sparse',
  title: 'Low rank plus sparse',
  summary: 'Splits a weight into a few directions and the few weights that stand out of them.',
  paper: 'Zhang & Papyan 2024, arXiv:2409.13652 (OATS); Zhou & Tao 2011 (GoDec)',
  options,
  needsData: ({ whiten }) => whiten !== 'none',
  plan,
  apply,
  advice(leaf, given, context) {
    const planned = plan(leaf, given, context);
    const said = [
      'The sparse part makes the file smaller, not the model faster: it is dense again when the model loads.',
    ];
    const parts = partsOf(leaf, given, context.opset);
    if ('skipped' in planned || 'skipped' in parts) return said;
    const [low, sparse] = planned.children;
    said.push(
      `Rank ${parts.rank} takes ${low!.bytes} bytes, ${parts.kept} weights with their places ${sparse!.bytes}, of ${leaf.bytes}.`,
    );
    return said;
  },
  work: ({ shape }) => ({ kind: 'low-rank-plus-sparse', cost: factorisationCost(shape) }),
};

interface Parts {
  readonly rank: number;
  /** How many weights the sparse part has; equally many in every row. */
  readonly kept: number;
}

const targetOf = ({ shape, type }: Dense, opset: number): SparseTarget => ({
  shape: shape.slice(0, 2),
  type,
  pattern: { kind: 'unstructured' },
  opset,
});

/** The rank and the number of weights that fit into the bytes, or why they don't. */
function partsOf(leaf: Dense, { size, rankShare }: LowRankPlusSparseOptions, opset: number): Parts | Skipped {
  if (!isMatrix(leaf)) return { skipped: `is a ${leaf.shape.slice(2).join('×')} convolution: only matrices are split` };
  const [rows, columns] = leaf.shape as [number, number];
  const bytes = size * leaf.bytes;
  const each = (rows + columns) * BYTES_OF[leaf.type];
  const rank = Math.min(rows, columns, Math.max(1, Math.floor((rankShare * bytes) / each)));
  const kept = keptWithin(targetOf(leaf, opset), true, bytes - rank * each);
  if (kept < 1) {
    return {
      skipped: `can't come to ${size} of its ${leaf.bytes} bytes: rank ${rank} takes ${rank * each}, and one value a row with its place doesn't fit beside it`,
    };
  }
  return { rank, kept };
}

function plan(leaf: Dense, given: LowRankPlusSparseOptions, { opset }: PlanContext): Operator | Skipped {
  const parts = partsOf(leaf, given, opset);
  if ('skipped' in parts) return parts;
  const [rows, columns] = leaf.shape as [number, number];
  const low = lowRank(plannedDense([rows, parts.rank], leaf.type), plannedDense([parts.rank, columns], leaf.type));
  return sum([low, plannedSparse(targetOf(leaf, opset), parts.kept, true)]);
}

async function apply(leaf: Dense, given: LowRankPlusSparseOptions, context: MethodContext): Promise<Outcome> {
  const { input, noInput, opset } = context;
  const planned = plan(leaf, given, context);
  if ('skipped' in planned) return planned;
  let root: Float64Array | undefined;
  if (given.whiten !== 'none') {
    if (!input) return { skipped: `whitening needs statistics of the layer's input, and ${noInput}` };
    root = diagonalRoot(input);
    if (!root) return { skipped: 'its input is always zero on the calibration data' };
  }
  const [rows, columns] = leaf.shape as [number, number];
  const { backend } = context.factorisations;
  const { rank, kept } = partsOf(leaf, given, opset) as Parts;
  const values = await leaf.toDense();
  // Relative to the largest scale, so that nothing overflows.
  const largest = root?.reduce((most, value) => Math.max(most, value), 0) ?? 1;
  const scales = Float32Array.from({ length: columns }, (_, j) => (root ? root[j]! / largest : 1));
  const weight = { values: values.map((value, i) => value * scales[i % columns]!), rows, columns };
  const share = { rank, inRow: kept / rows, iterations: given.iterations };
  const { left, right } = await alternated(backend, weight, share, context);
  const unscaled = right.map((value, i) => value / scales[i % columns]!);
  const low = lowRank(denseOf([rows, rank], leaf.type, left), denseOf([rank, columns], leaf.type, unscaled));
  // What the factors, as they are stored, leave of the weight.
  const rest = (await low.toDense(multiplyOn(backend))).map((near, i) => values[i]! - near);
  const weighted = rest.map((value, i) => value * scales[i % columns]!);
  for (let inRow = share.inRow; ; inRow--) {
    const mask = await backend.selection.rowMask(weighted, rows, columns, inRow, context);
    const operator = sum([low, await sparseOf(chosen(rest, mask, rows, columns), targetOf(leaf, opset))]);
    // Unevenly spread positions need more padding than the plan assumed.
    if (operator.bytes <= given.size * leaf.bytes || inRow === 1) return { operator };
  }
}
