import type { Factors } from '../../linalg/factors';
import {
  breakEvenRank,
  rankForEnergy,
  rankForError,
  rankForSize,
  type TuckerRanks,
  truncationError,
  tuckerError,
  tuckerParameters,
  tuckerRanksForError,
  tuckerRanksForRank,
  tuckerRanksForSize,
} from '../../linalg/spectrum';
import { type Hosvd, truncateTucker2 } from '../../linalg/tucker2';
import { denseOf, HALF_ROUNDING, plannedDense } from '../../operators/dense/dense';
import { lowRank } from '../../operators/lowRank/lowRank';
import { type Dense, elements, type FloatType, isMatrix, matrixOf, type Operator } from '../../operators/operator';
import { spread } from '../../operators/spread';
import { tucker2 } from '../../operators/tucker2/tucker2';
import { isSkipped, type PlanContext, type Skipped } from '../method';
import type { MatrixSpectrum, TuckerSpectrum } from '../report';
import { smaller } from '../smaller';
import { isWhitened, type SvdOptions } from './options';

/** What ranks are computed from: singular values of the matrix, or of the two channel unfoldings of a kernel. */
type Spectrum =
  | Pick<MatrixSpectrum, 'kind' | 'values'>
  | Pick<TuckerSpectrum, 'kind' | 'outValues' | 'inValues' | 'energy'>;

/**
 * [rank] of two factors, or [output, input] of Tucker-2; undefined where they depend on a spectrum that is not given.
 */
export function svdRanks(leaf: Dense, budget: SvdOptions, spectrum?: Spectrum): readonly number[] | undefined {
  const { rank, size } = budget;
  if (!isTucker(leaf, budget)) {
    const [rows, columns] = matrixOf(leaf.shape);
    if (rank !== undefined) return [Math.min(rank, rows, columns)];
    if (size !== undefined) return [rankForSize(rows, columns, size)];
    if (isWhitened(budget)) return undefined;
    return spectrum?.kind === 'matrix' ? [rankWithin(spectrum.values, budget)] : undefined;
  }
  const { out, inner, taps } = kernelOf(leaf);
  const pair = ({ rOut, rIn }: TuckerRanks) => [rOut, rIn];
  if (rank !== undefined) return pair(tuckerRanksForRank(out, inner, rank));
  if (size !== undefined) return pair(tuckerRanksForSize(out, inner, taps, size));
  return spectrum?.kind === 'tucker' ? pair(tuckerRanksForError(spectrum, taps, errorOf(budget))) : undefined;
}

/** The least rank that keeps the energy, or that stays within the error. */
export const rankWithin = (values: Float64Array, { energy, error }: SvdOptions): number =>
  energy !== undefined ? rankForEnergy(values, energy) : rankForError(values, error!);

const errorOf = ({ energy, error }: SvdOptions): number => error ?? Math.sqrt(1 - energy!);

const isTucker = (leaf: Dense, budget: SvdOptions): boolean => !isMatrix(leaf) && !isWhitened(budget);

function kernelOf({ shape }: Dense) {
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  return { out, inner, taps: elements(kernel) };
}

/** The factors of the ranks that the options ask for, without values. */
export function planned(leaf: Dense, budget: SvdOptions, { spectrum }: PlanContext): Operator | Skipped | 'unknown' {
  const ranks = svdRanks(leaf, budget, spectrum);
  if (!ranks) return 'unknown';
  return tooLarge(leaf, ranks) ?? (isTucker(leaf, budget) ? staged(leaf, ranks) : factored(leaf, ranks[0]!));
}

/** Why a truncation to these ranks saves nothing, if that is so. */
export function tooLarge(leaf: Dense, ranks: readonly number[]): Skipped | undefined {
  const [rows, columns] = matrixOf(leaf.shape);
  const [rOut, rIn] = ranks as [number, number?];
  const { out, inner, taps } = kernelOf(leaf);
  const stored = rIn === undefined ? rOut * (rows + columns) : tuckerParameters(out, inner, taps, { rOut, rIn });
  if (stored < (rIn === undefined ? rows * columns : leaf.parameters)) return undefined;
  const limit = rIn === undefined ? ` (break-even is rank ${breakEvenRank(rows, columns).toFixed(1)})` : '';
  const what = rIn === undefined ? `rank ${rOut}` : `ranks ${rOut}×${rIn}`;
  return { skipped: `would not get smaller: ${what} stores as much as the dense weight or more${limit}` };
}

/** ‖W−Ŵ‖/‖W‖ of a truncation, from the spectrum. Undefined with whitening, where only the output's error is known. */
export function predict(leaf: Dense, budget: SvdOptions, { spectrum }: PlanContext): number | undefined {
  const ranks = spectrum && !isWhitened(budget) && svdRanks(leaf, budget, spectrum);
  return ranks ? errorAt(leaf, ranks, spectrum) : undefined;
}

/** ‖W−Ŵ‖/‖W‖ at these ranks. Factors that are stored in float16 add their rounding. */
export function errorAt({ type }: Dense, [rOut, rIn]: readonly number[], spectrum: Spectrum): number {
  return spectrum.kind === 'matrix'
    ? withRounding(truncationError(spectrum.values, rOut!), type, 2, spectrum.values[0]!)
    : withRounding(tuckerError(spectrum, rOut!, rIn!), type, 3, spectrum.outValues[0]!);
}

/** The error of a truncation whose `factors` are rounded to their type, which adds an independent error for each. */
export function withRounding(error: number, type: FloatType, factors: number, largest: number): number {
  // The factors of a zero weight are zeros, which don't round.
  return type === 'float16' && largest > 0 ? Math.hypot(error, Math.sqrt(factors) * HALF_ROUNDING) : error;
}

/**
 * The largest rank at which a truncation makes the file smaller, on both channel sides of a kernel. That is the last
 * rank below mn/(m+n) (for a kernel the last r with C·r + r²·K + T·r < T·C·K) whose graph nodes take less than its
 * factors save. 0 where there is none.
 */
export function breakEven(leaf: Dense, context: PlanContext): number {
  const saves = (rank: number) => {
    const plan = planned(leaf, { rank }, context);
    return plan !== 'unknown' && !isSkipped(plan) && !isSkipped(smaller(plan, leaf, context));
  };
  const { out, inner } = kernelOf(leaf);
  let [rank, beyond] = [0, (isMatrix(leaf) ? Math.min : Math.max)(out, inner) + 1];
  // What is stored grows with the rank.
  while (beyond - rank > 1) {
    const middle = Math.floor((rank + beyond) / 2);
    if (saves(middle)) rank = middle;
    else beyond = middle;
  }
  return rank;
}

/** The two factors of a leaf, or their plan. The second factor of a kernel is a kernel too. */
export function factored(leaf: Dense, rank: number, factors?: Factors): Operator {
  const { shape, type } = leaf;
  const inputs = isMatrix(leaf) ? shape.slice(1, 2) : shape.slice(1);
  return lowRank(leafOf([shape[0]!, rank], type, factors?.left), leafOf([rank, ...inputs], type, factors?.right));
}

/** The three stages of a kernel, or their plan. */
export function staged({ shape, type }: Dense, [rOut, rIn]: readonly number[], factors?: Hosvd): Operator {
  const [out, inner, ...kernel] = shape as [number, number, ...number[]];
  const parts = factors && stagesOf(factors, { rOut: rOut!, rIn: rIn! }, type);
  return tucker2(
    leafOf([rIn!, inner], type, parts?.[0]),
    leafOf([rOut!, rIn!, ...kernel], type, parts?.[1]),
    leafOf([out, rOut!], type, parts?.[2]),
  );
}

/** Input, core and output. The core carries the scale of the weight, as far as its type can. */
function stagesOf(factors: Hosvd, ranks: TuckerRanks, type: FloatType): Float32Array<ArrayBuffer>[] {
  const { input, core, output } = truncateTucker2({ ...factors, scale: 1 }, ranks);
  return spread([input, core, output], -Math.log2(factors.scale), type, 1);
}

const leafOf = (shape: readonly number[], type: FloatType, values?: Float32Array<ArrayBuffer>): Dense =>
  values ? denseOf(shape, type, values) : plannedDense(shape, type);
