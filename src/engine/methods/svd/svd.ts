import { z } from 'zod';
import { type Factors, sharedFactors } from '../../linalg/factors';
import {
  breakEvenRank,
  rankForEnergy,
  rankForError,
  rankForSize,
  type TuckerRanks,
  truncationError,
  tuckerError,
  tuckerRanksForError,
  tuckerRanksForRank,
  tuckerRanksForSize,
} from '../../linalg/spectrum';
import { truncate } from '../../linalg/svd';
import { truncatedSvd, truncationPays } from '../../linalg/truncatedSvd';
import { type Hosvd, truncateTucker2 } from '../../linalg/tucker2';
import { denseOf, HALF_ROUNDING, plannedDense } from '../../operators/dense/dense';
import { lowRank } from '../../operators/lowRank/lowRank';
import { type Dense, elements, type FloatType, isMatrix, matrixOf, type Operator } from '../../operators/operator';
import { spread } from '../../operators/spread';
import { tucker2 } from '../../operators/tucker2/tucker2';
import { isSkipped, type Method, type MethodContext, type Outcome, type PlanContext, type Skipped } from '../method';
import { choice, exactlyOne, share, whole } from '../options';
import { WHITENINGS, type Whitening } from '../whitening';
import { factorisationCost } from '../work';
import { adviceOn } from './advice';
import { whitenedFactors } from './whitenedSvd';

const budgets = ['rank', 'energy', 'error', 'size'] as const;
const group = 'budget';

const options = z
  .strictObject({
    rank: whole(1, undefined, { title: 'Rank', help: 'directions kept', group }).optional(),
    energy: share({
      title: 'Energy',
      help: 'the kept share of σ²',
      group,
      logarithmic: 'toOne',
      range: [0.05, 0.9999],
      initial: 0.95,
    }).optional(),
    error: share({
      title: 'Error',
      help: 'a relative error',
      group,
      logarithmic: true,
      range: [0.001, 1],
      initial: 0.1,
    }).optional(),
    size: share({ title: 'Size', help: 'stored bytes after over before', group, initial: 0.5 }).optional(),
    whiten: choice(WHITENINGS, {
      title: 'Whiten',
      help: "what energy and error are of: the weight, or the layer's output on calibration data",
      labels: { none: 'of the weight', diagonal: 'of the output, inputs one by one', full: 'of the output' },
    }).default('none'),
  })
  .refine(...exactlyOne<Partial<Record<(typeof budgets)[number], number>>>(budgets));

export type SvdOptions = z.input<typeof options>;

/**
 * Truncated singular value decomposition. A matrix becomes left·right of the chosen rank (Eckart–Young: no other matrix
 * of that rank is nearer); a k×k convolution becomes Tucker-2, 1×1 · k×k · 1×1. Whitened, a weight becomes the one of that
 * rank whose output on the calibration data is nearest: a k×k convolution as the matrix [out, in·taps] that its unfolded
 * input meets, k×k · 1×1. Tucker-2 would want an input side as well, whose best choice no factorisation of W·S gives.
 */
export const svd: Method<SvdOptions> = {
  name: 'svd',
  title: 'Truncated SVD',
  summary: 'Keeps the directions of a weight that carry most of it, and drops the rest.',
  paper: 'Eckart & Young 1936; Kim et al. 2016 (Tucker-2); Wang et al. 2024 (SVD-LLM), whitened',
  options,
  needsData: ({ whiten = 'none' }) => whiten !== 'none',
  plan: planned,
  predict,
  advice: (leaf, budget, context) => adviceOn(leaf, planned(leaf, budget, context), isWhitened(budget), context),
  apply(leaf, budget, context) {
    const { whiten = 'none' } = budget;
    if (whiten !== 'none') return byWhitening(leaf, whiten, budget, context);
    return isMatrix(leaf) ? matrix(leaf, budget, context) : convolution(leaf, budget, context);
  },
  // Whitening each input by itself gains less.
  variants: [{ variant: 'whitened', options: { whiten: 'full' } }],
  // A factorisation that is kept costs next to nothing.
  work: ({ id, shape }, _, factorisations) =>
    factorisations.has(id)
      ? { kind: 'svd, kept', cost: elements(shape) }
      : { kind: 'svd', cost: factorisationCost(shape) },
};

/** [rank] of two factors, [output, input] of Tucker-2; undefined where they follow from a spectrum not measured yet. */
export function svdRanks(leaf: Dense, budget: SvdOptions, { spectrum }: PlanContext): readonly number[] | undefined {
  const { rank, size } = budget;
  if (!isTucker(leaf, budget)) {
    const [rows, columns] = matrixOf(leaf.shape);
    if (rank !== undefined) return [Math.min(rank, rows, columns)];
    if (size !== undefined) return [rankForSize(rows, columns, size)];
    if (isWhitened(budget)) return undefined;
    return spectrum?.kind === 'matrix' ? [rankWithin(spectrum.values, budget)] : undefined;
  }
  const [out, inner, ...kernel] = leaf.shape as [number, number, ...number[]];
  const taps = elements(kernel);
  const pair = ({ rOut, rIn }: TuckerRanks) => [rOut, rIn];
  if (rank !== undefined) return pair(tuckerRanksForRank(out, inner, rank));
  if (size !== undefined) return pair(tuckerRanksForSize(out, inner, taps, size));
  return spectrum?.kind === 'tucker' ? pair(tuckerRanksForError(spectrum, taps, errorOf(budget))) : undefined;
}

function planned(leaf: Dense, budget: SvdOptions, context: PlanContext): Operator | Skipped | 'unknown' {
  const ranks = svdRanks(leaf, budget, context);
  if (!ranks) return 'unknown';
  const [rOut, rIn] = ranks as [number, number];
  if (!isTucker(leaf, budget)) return saves(leaf, rOut) ? factored(leaf, rOut) : tooLarge(leaf, rOut);
  const operator = staged(leaf, { rOut, rIn });
  return operator.parameters < leaf.parameters ? operator : tooLarge(leaf, rOut, rIn);
}

function predict(leaf: Dense, budget: SvdOptions, context: PlanContext): number | undefined {
  const { spectrum } = context;
  // Of a whitened step the output's error is what is known.
  const ranks = spectrum && !isWhitened(budget) && svdRanks(leaf, budget, context);
  if (!ranks) return undefined;
  const [rOut, rIn] = ranks as [number, number];
  return spectrum.kind === 'matrix'
    ? withRounding(truncationError(spectrum.values, rOut), leaf.type, 2, spectrum.values[0]!)
    : withRounding(tuckerError(spectrum, rOut, rIn), leaf.type, 3, spectrum.outValues[0]!);
}

const isWhitened = ({ whiten = 'none' }: SvdOptions): boolean => whiten !== 'none';

const isTucker = (leaf: Dense, budget: SvdOptions): boolean => !isMatrix(leaf) && !isWhitened(budget);

const rankWithin = (values: Float64Array, { energy, error }: SvdOptions): number =>
  energy !== undefined ? rankForEnergy(values, energy) : rankForError(values, error!);

const errorOf = ({ energy, error }: SvdOptions): number => error ?? Math.sqrt(1 - energy!);

async function byWhitening(
  leaf: Dense,
  whitening: Whitening,
  budget: SvdOptions,
  context: MethodContext,
): Promise<Outcome> {
  const plan = planned(leaf, budget, context);
  if (plan !== 'unknown' && isSkipped(plan)) return plan;
  const { input, noInput } = context;
  if (!input) return { skipped: `whitening needs statistics of the layer's input, and ${noInput}` };
  const [rows, columns] = matrixOf(leaf.shape);
  const known = svdRanks(leaf, budget, context)?.[0];
  const factors = await whitenedFactors(
    context.factorisations.backend,
    { values: await leaf.toDense(), rows, columns },
    input,
    whitening,
    {
      rank: known ?? ((energies) => rankWithin(energies.map(Math.sqrt), budget)),
      leading: known !== undefined && leadingIsEnough(leaf, known),
    },
    context,
  );
  if (!factors) return { skipped: 'its input is always zero on the calibration data' };
  if (!saves(leaf, factors.rank)) return tooLarge(leaf, factors.rank);
  return { operator: factored(leaf, factors.rank, factors) };
}

async function matrix(leaf: Dense, budget: SvdOptions, context: MethodContext): Promise<Outcome> {
  const values = await leaf.toDense();
  const [rows, columns] = leaf.shape as [number, number];
  const { backend } = context.factorisations;
  const known = budget.rank ?? (budget.size === undefined ? undefined : rankForSize(rows, columns, budget.size));
  // A rank too large to pay is known without factorising.
  if (known !== undefined && !saves(leaf, known)) return tooLarge(leaf, known);
  if (known !== undefined && leadingIsEnough(leaf, known)) {
    const leading = await truncatedSvd(backend, { values, rows, columns }, { rank: known }, context);
    const predicted = withRounding(leading.error, leaf.type, 2, leading.values[0]!);
    return { operator: factored(leaf, known, sharedFactors(leading)), predicted };
  }
  const count = known ?? ((sigma: Float64Array) => rankWithin(sigma, budget));
  const factors = await context.factorisations.matrix(leaf, values, { ...context, count });
  const rank = known ?? rankWithin(factors.values, budget);
  if (!saves(leaf, rank)) return tooLarge(leaf, rank);
  return {
    operator: factored(leaf, rank, await truncate(backend, { values, rows, columns }, factors, rank)),
    predicted: withRounding(truncationError(factors.values, rank), leaf.type, 2, factors.values[0]!),
  };
}

/**
 * Up to this short side every rank comes from the whole spectrum, which is the same on every backend to roundoff. Beyond,
 * its cost goes with the cube of the side, and the leading part alone is worth its looser promise: an error of at most
 * 1.0005 times the best. Known spectra don't change the choice: a recipe gives the same file whether or
 * not somebody looked at the layer before.
 */
const WHOLE = 2048;

function leadingIsEnough({ shape }: Dense, rank: number): boolean {
  const [rows, columns] = matrixOf(shape);
  return Math.min(rows, columns) > WHOLE && truncationPays(rows, columns, rank);
}

/** Two factors of a leaf, or what they will be: of a kernel the second one is a kernel too. */
function factored(leaf: Dense, rank: number, factors?: Factors): Operator {
  const { shape, type } = leaf;
  const inputs = isMatrix(leaf) ? shape.slice(1, 2) : shape.slice(1);
  return lowRank(leafOf([shape[0]!, rank], type, factors?.left), leafOf([rank, ...inputs], type, factors?.right));
}

/** The three stages of a kernel, or what they will be. */
function staged({ shape, type }: Dense, { rOut, rIn }: TuckerRanks, factors?: Hosvd): Operator {
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  const parts = factors && stagesOf(factors, { rOut, rIn }, type);
  return tucker2(
    leafOf([rIn, inner], type, parts?.[0]),
    leafOf([rOut, rIn, ...kernel], type, parts?.[1]),
    leafOf([out, rOut], type, parts?.[2]),
  );
}

/** Input, core and output. The core carries the weight's size unless its type can't. */
function stagesOf(factors: Hosvd, ranks: TuckerRanks, type: FloatType): Float32Array<ArrayBuffer>[] {
  const { input, core, output } = truncateTucker2({ ...factors, scale: 1 }, ranks);
  return spread([input, core, output], -Math.log2(factors.scale), type, 1);
}

const leafOf = (shape: readonly number[], type: FloatType, values?: Float32Array<ArrayBuffer>): Dense =>
  values ? denseOf(shape, type, values) : plannedDense(shape, type);

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
  const operator = staged(leaf, { rOut, rIn }, factors);
  if (operator.parameters >= leaf.parameters) return tooLarge(leaf, rOut, rIn);
  return { operator, predicted: withRounding(tuckerError(factors, rOut, rIn), leaf.type, 3, factors.outValues[0]!) };
}

function saves({ shape }: Dense, rank: number): boolean {
  const [rows, columns] = matrixOf(shape);
  return rank * (rows + columns) < rows * columns;
}

function tooLarge({ shape }: Dense, ...ranks: number[]): Skipped {
  const [rows, columns] = matrixOf(shape);
  const limit = ranks.length === 1 ? ` (break-even is rank ${breakEvenRank(rows, columns).toFixed(1)})` : '';
  const said = ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks.join('×')}`;
  return { skipped: `would not get smaller: ${said} stores as much as the dense weight or more${limit}` };
}

/** The error of a truncation whose `factors` are rounded to their type, which adds an independent error for each. */
function withRounding(error: number, type: FloatType, factors: number, largest: number): number {
  // A zero weight has factors of zeros, which don't round.
  return type === 'float16' && largest > 0 ? Math.hypot(error, Math.sqrt(factors) * HALF_ROUNDING) : error;
}
