import { z } from 'zod';
import { type Factors, sharedFactors } from '../linalg/factors';
import {
  breakEvenRank,
  rankForEnergy,
  rankForError,
  rankForSize,
  truncationError,
  tuckerError,
  tuckerRanksForError,
  tuckerRanksForRank,
  tuckerRanksForSize,
} from '../linalg/spectrum';
import { truncate } from '../linalg/svd';
import { truncatedSvd, truncationPays } from '../linalg/truncatedSvd';
import { truncateTucker2 } from '../linalg/tucker2';
import { denseOf, plannedDense } from '../operators/dense';
import { lowRank } from '../operators/lowRank';
import { type Dense, elements, type FloatType, type Operator } from '../operators/operator';
import { tucker2 } from '../operators/tucker2';
import type { Method, MethodContext, Outcome, PlanContext, Skipped } from './method';
import { exactlyOne, share, whole } from './options';

const budgets = ['rank', 'energy', 'error', 'size'] as const;
const group = 'budget';

const options = z
  .strictObject({
    rank: whole(1, undefined, { title: 'Rank', help: 'directions kept', group }).optional(),
    energy: share({ title: 'Energy', help: 'the kept share of σ²', group }).optional(),
    error: share({ title: 'Error', help: 'a relative error', group }).optional(),
    size: share({ title: 'Size', help: 'stored bytes after over before', group }).optional(),
  })
  .refine(...exactlyOne<Partial<Record<(typeof budgets)[number], number>>>(budgets));

export type SvdOptions = z.infer<typeof options>;

/**
 * Truncated singular value decomposition. A matrix becomes left·right of the chosen rank (Eckart–Young: no other matrix
 * of that rank is nearer); a k×k convolution becomes Tucker-2, 1×1 · k×k · 1×1.
 */
export const svd: Method<SvdOptions> = {
  name: 'svd',
  title: 'Truncated SVD',
  summary: 'Keeps the directions of a weight that carry most of it, and drops the rest.',
  paper: 'Eckart & Young 1936; Kim et al. 2016 (Tucker-2)',
  options,
  plan: planned,
  apply(leaf, budget, context) {
    return isMatrix(leaf) ? matrix(leaf, budget, context) : convolution(leaf, budget, context);
  },
};

/** A 1×1 convolution is a matrix over its channels. */
export const isMatrix = ({ shape }: Pick<Operator, 'shape'>): boolean => shape.slice(2).every((size) => size === 1);

function planned(leaf: Dense, budget: SvdOptions, { spectrum }: PlanContext): Operator | Skipped | 'unknown' {
  const { shape, type } = leaf;
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  if (isMatrix(leaf)) {
    const known = budget.rank ?? (budget.size === undefined ? undefined : rankForSize(out, inner, budget.size));
    const rank = known ?? (spectrum?.kind === 'matrix' ? rankWithin(spectrum.values, budget) : undefined);
    if (rank === undefined) return 'unknown';
    if (!saves(out, inner, rank)) return tooLarge(`rank ${rank}`, leaf);
    return lowRank(plannedDense([out, rank], type), plannedDense([rank, inner], type));
  }
  const taps = elements(kernel);
  const known =
    budget.rank !== undefined
      ? tuckerRanksForRank(out, inner, budget.rank)
      : budget.size !== undefined
        ? tuckerRanksForSize(out, inner, taps, budget.size)
        : undefined;
  const ranks =
    known ?? (spectrum?.kind === 'tucker' ? tuckerRanksForError(spectrum, taps, errorOf(budget)) : undefined);
  if (!ranks) return 'unknown';
  const { rOut, rIn } = ranks;
  const operator = tucker2(
    plannedDense([rIn, inner], type),
    plannedDense([rOut, rIn, ...kernel], type),
    plannedDense([out, rOut], type),
  );
  return operator.parameters < leaf.parameters ? operator : tooLarge(`ranks ${rOut}×${rIn}`, leaf);
}

const rankWithin = (values: Float64Array, { energy, error }: SvdOptions): number =>
  energy !== undefined ? rankForEnergy(values, energy) : rankForError(values, error!);

const errorOf = ({ energy, error }: SvdOptions): number => error ?? Math.sqrt(1 - energy!);

async function matrix(leaf: Dense, budget: SvdOptions, context: MethodContext): Promise<Outcome> {
  const values = await leaf.toDense();
  const [rows, columns] = leaf.shape as [number, number];
  const { backend } = context.factorisations;
  const known = budget.rank ?? (budget.size === undefined ? undefined : rankForSize(rows, columns, budget.size));
  // A rank too large to pay is known without factorising.
  if (known !== undefined && !saves(rows, columns, known)) return tooLarge(`rank ${known}`, leaf);
  if (known !== undefined && leadingIsEnough(leaf, known)) {
    const leading = await truncatedSvd(backend, { values, rows, columns }, { rank: known }, context);
    const predicted = withRounding(leading.error, leaf.type, 2, leading.values[0]!);
    return { operator: factored(leaf, known, sharedFactors(leading)), predicted };
  }
  const factors = await context.factorisations.matrix(leaf, values, context);
  const rank = known ?? rankWithin(factors.values, budget);
  if (!saves(rows, columns, rank)) return tooLarge(`rank ${rank}`, leaf);
  return {
    operator: factored(leaf, rank, await truncate(backend, { values, rows, columns }, factors, rank)),
    predicted: withRounding(truncationError(factors.values, rank), leaf.type, 2, factors.values[0]!),
  };
}

/**
 * Up to this short side every rank comes from the whole spectrum, which is the same on every backend to roundoff. Beyond,
 * it takes the CPU from half a minute (2048) to several (4096), and the leading part alone is worth its looser promise: an
 * error of at most 1.0005 times the best. Known spectra don't change the choice: a recipe gives the same file whether or
 * not somebody looked at the layer before.
 */
const WHOLE = 2048;

function leadingIsEnough({ shape }: Dense, rank: number): boolean {
  const [rows, columns] = shape as [number, number];
  return Math.min(rows, columns) > WHOLE && truncationPays(rows, columns, rank);
}

function factored({ shape, type }: Dense, rank: number, { left, right }: Factors): Operator {
  const [rows, columns] = shape as [number, number];
  return lowRank(denseOf([rows, rank], type, left), denseOf([rank, columns], type, right));
}

async function convolution(leaf: Dense, budget: SvdOptions, context: MethodContext): Promise<Outcome> {
  const values = await leaf.toDense();
  const [out, inner, ...kernel] = leaf.shape as [number, number, ...number[]];
  const taps = elements(kernel);
  const factors = await context.factorisations.convolution(leaf, values, context);
  const { rOut, rIn } =
    budget.rank !== undefined
      ? tuckerRanksForRank(out, inner, budget.rank)
      : budget.size !== undefined
        ? tuckerRanksForSize(out, inner, taps, budget.size)
        : tuckerRanksForError(factors, taps, errorOf(budget));
  const parts = truncateTucker2(factors, { rOut, rIn });
  const operator = tucker2(
    denseOf([rIn, inner], leaf.type, parts.input),
    denseOf([rOut, rIn, ...kernel], leaf.type, parts.core),
    denseOf([out, rOut], leaf.type, parts.output),
  );
  if (operator.parameters >= leaf.parameters) return tooLarge(`ranks ${rOut}×${rIn}`, leaf);
  return { operator, predicted: withRounding(tuckerError(factors, rOut, rIn), leaf.type, 3, factors.outValues[0]!) };
}

const saves = (rows: number, columns: number, rank: number): boolean => rank * (rows + columns) < rows * columns;

function tooLarge(ranks: string, { shape }: Dense): Skipped {
  const [rows, columns] = shape as [number, number];
  const limit = shape.slice(2).every((size) => size === 1)
    ? ` (break-even is rank ${breakEvenRank(rows, columns).toFixed(1)})`
    : '';
  return { skipped: `would not get smaller: ${ranks} stores as much as the dense weight or more${limit}` };
}

/**
 * Rounding each of `factors` to float16 adds independent errors of 2^−11/√3, times 0.72 for mantissas spread evenly on a
 * log scale: 2.0e−4 of the weight's norm each. float32 rounds at 2e−8, below anything reported.
 */
function withRounding(error: number, type: FloatType, factors: number, largest: number): number {
  // A zero weight has factors of zeros, which don't round.
  return type === 'float16' && largest > 0 ? Math.hypot(error, Math.sqrt(factors) * 2.0e-4) : error;
}
