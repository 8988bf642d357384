import { z } from 'zod';
import type { LongCall } from '../../core/progress';
import { balancedSites } from '../../linalg/balancedSites';
import { attainableBonds, bondsForSize, evenBonds } from '../../linalg/bonds';
import { scaled, unusualScale } from '../../linalg/scaling';
import type { SiteShape } from '../../linalg/sites';
import { type BondBudget, tensorTrain as decompose, schmidtSpectra } from '../../linalg/tensorTrain';
import { denseOf, HALF_ROUNDING, plannedDense } from '../../operators/dense/dense';
import { type Dense, elements, matrixOf, type Operator } from '../../operators/operator';
import { scaled as scaledOperator } from '../../operators/scaled/scaled';
import { spread } from '../../operators/spread';
import { plannedTrain, trainOf } from '../../operators/tensorTrain/tensorTrain';
import { isSkipped, type Method, type MethodContext, type Outcome, type PlanContext, type Skipped } from '../method';
import { choice, exactlyOne, share, whole, wholes } from '../options';
import { bondsOf } from '../pictures/bonds';
import { diagonalRoot } from '../whitening';
import { factorisationCost } from '../work';
import { adviceOnTrain } from './advice';
import { paddedTo, sameSites, withinLeaf } from './trainMatrix';
import { trainSpectrumOf } from './trainSpectrum';

const budgets = ['bond', 'ranks', 'error', 'size'] as const;
const group = 'budget';

const factors = z.strictObject({
  out: wholes({ title: 'Factors of the outputs', help: 'one for each site' }),
  in: wholes({ title: 'Factors of the inputs', help: 'one for each site' }),
});

const options = z
  .strictObject({
    sites: choice([2, 3, 4], {
      title: 'Sites',
      help: 'cores; outputs and inputs are split into as many near-balanced factors',
    }).default(3),
    factors: factors
      .optional()
      .describe('the factors themselves in place of sites: { "out": [8, 16], "in": [4, 32] }, as many of each'),
    bond: whole(1, undefined, {
      title: 'Bond',
      help: 'what each bond between two cores may have at most',
      group,
      range: [1, 256],
      logarithmic: true,
    }).optional(),
    ranks: wholes({ title: 'Bonds', help: 'what each bond may have at most, one after the other', group }).optional(),
    error: share({
      title: 'Error',
      help: 'a relative error',
      group,
      logarithmic: true,
      range: [0.001, 1],
    }).optional(),
    size: share({ title: 'Size', help: 'stored bytes after over before', group, initial: 0.5 }).optional(),
    whiten: choice(['none', 'diagonal'], {
      title: 'Minimise error of',
      help: 'the error that is minimised, and that the option error counts; outputs need calibration data, of which diagonal takes each input by itself',
      labels: { none: 'weights', diagonal: 'outputs (diagonal)' },
    }).default('none'),
  })
  .refine(...exactlyOne<Partial<Record<(typeof budgets)[number], unknown>>>(budgets))
  .refine(({ factors }) => !factors || (factors.out.length === factors.in.length && factors.out.length > 1), {
    path: ['factors'],
    message: 'must have as many numbers in out as in in, and at least two',
  })
  .refine(({ ranks, factors, sites }) => !ranks || ranks.length === (factors?.out.length ?? sites) - 1, {
    path: ['ranks'],
    message: 'must have one number for each bond, one less than there are sites',
  });

export type TensorTrainOptions = z.input<typeof options>;

/**
 * A tensor train over pairs of indices, a matrix product operator (Novikov et al. 2015; CompactifAI, Tomut et al. 2024):
 * rows and columns are each split into factors, and one core carries a factor of both. With two sites it is a sum of
 * Kronecker products (Van Loan and Pitsianis 1993).
 */
export const tensorTrain: Method<TensorTrainOptions> = {
  name: 'tensor-train',
  title: 'Tensor train',
  summary: 'Splits outputs and inputs into factors, and the weight into a chain of small cores, one for each factor.',
  paper: 'Oseledets 2011; Novikov et al. 2015; Tomut et al. 2024 (CompactifAI)',
  options,
  needsData: ({ whiten = 'none' }) => whiten !== 'none',
  plan: planned,
  estimates: (leaf, given, context) =>
    given.size !== undefined && bondsFor(leaf, sitesFor(leaf, given), given, context) === undefined,
  advice: (leaf, given, context) => adviceOnTrain(leaf, sitesFor(leaf, given), planned(leaf, given, context), context),
  apply,
  measure: (id, weight, given, { backend }, call) =>
    trainSpectrumOf(id, weight, sitesFor(weight, given), backend, call),
  picture({ train, operator }) {
    const cores = operator.kind === 'scaled' ? operator.children[0]! : operator;
    return train && cores.kind === 'tensorTrain' ? bondsOf(train, cores.sizes.bonds) : null;
  },
  work: ({ shape }) => ({ kind: 'tensor-train', cost: factorisationCost(shape) }),
};

/** The factors of the sides of a leaf; a kernel is read as [out, in·taps]. Factors that exceed a side mean padding. */
export function sitesFor(leaf: Pick<Dense, 'shape'>, { sites = 3, factors }: TensorTrainOptions): SiteShape {
  const [rows, columns] = matrixOf(leaf.shape);
  return factors ?? balancedSites(rows, columns, sites);
}

/** The bonds, where they follow from the options, or from spectra that have been measured. */
function bondsFor(
  leaf: Dense,
  sites: SiteShape,
  given: TensorTrainOptions,
  { train }: Pick<PlanContext, 'train'>,
): readonly number[] | undefined {
  const { bond, ranks, size } = given;
  const asked = bond ?? ranks;
  if (asked !== undefined) return attainableBonds(sites, asked);
  if (size === undefined) return undefined;
  const most = numbersFor(leaf, size, given);
  if (sites.out.length === 2) return evenBonds(sites, most);
  if (!train || isWhitened(given) || !sameSites(train.sites, sites)) return undefined;
  const spectra = train.cuts.map(({ values }) => values);
  return bondsForSize(sites, spectra, most);
}

/** The numbers that fit into the budget, less the scales. */
function numbersFor(leaf: Dense, size: number, given: TensorTrainOptions): number {
  return size * elements(leaf.shape) - (isWhitened(given) ? leaf.shape[1]! : 0);
}

const isWhitened = ({ whiten = 'none' }: TensorTrainOptions): boolean => whiten !== 'none';

function planned(leaf: Dense, given: TensorTrainOptions, context: PlanContext): Operator | Skipped | 'unknown' {
  const sites = sitesFor(leaf, given);
  const fault = misfit(leaf, sites);
  if (fault) return fault;
  const { shape, type } = leaf;
  const { size } = given;
  // A size is divided among the bonds by their spectra. Before these are known, equal bonds stand for them, which store
  // nearly as much: the difference is less than one bond more takes.
  const bonds =
    bondsFor(leaf, sites, given, context) ??
    (size === undefined ? undefined : evenBonds(sites, numbersFor(leaf, size, given)));
  if (!bonds) return 'unknown';
  const train = plannedTrain({ ...sites, bonds }, shape, type);
  const operator = isWhitened(given) ? scaledOperator(train, plannedDense([1, shape[1]!], type)) : train;
  return operator.bytes < leaf.bytes ? operator : tooLarge(bonds);
}

/** Factors that a recipe names may not fit the sides of the layer. */
function misfit(leaf: Dense, sites: SiteShape): Skipped | undefined {
  const [rows, columns] = matrixOf(leaf.shape);
  for (const [side, sizes, what] of [
    [rows, sites.out, 'outputs'],
    [columns, sites.in, 'inputs'],
  ] as const) {
    const made = elements(sizes);
    if (made < side)
      return { skipped: `the factors ${sizes.join('·')} make ${made} ${what} where the layer has ${side}` };
    if (made >= 2 * side) {
      return { skipped: `the factors ${sizes.join('·')} make ${made} ${what}, twice the layer's ${side} or more` };
    }
  }
  return undefined;
}

const tooLarge = (bonds: readonly number[]): Skipped => ({
  skipped: `would not get smaller: a train with bonds ${bonds.join('·')} stores as much as the dense weight or more`,
});

async function apply(leaf: Dense, given: TensorTrainOptions, context: MethodContext): Promise<Outcome> {
  const plan = planned(leaf, given, context);
  if (plan !== 'unknown' && isSkipped(plan)) return plan;
  const { input, noInput } = context;
  let scales: Float32Array<ArrayBuffer> | undefined;
  if (isWhitened(given)) {
    if (!input) return { skipped: `whitening needs statistics of the layer's input, and ${noInput}` };
    const root = diagonalRoot(input);
    if (!root) return { skipped: 'its input is always zero on the calibration data' };
    scales = await (await scalesOf(leaf, root)).toDense();
  }
  const sites = sitesFor(leaf, given);
  const padded = await paddedTo(leaf, sites, scales);
  const scale = unusualScale(padded.values);
  const weight = { ...padded, values: scaled(padded.values, scale) };
  const budget = await budgetFor(leaf, sites, given, weight, context);
  const { backend } = context.factorisations;
  const { cores, discarded, energy } = await decompose(backend, weight, sites, budget, context);
  const { shape, type } = leaf;
  // The last core carries the scale of the weight, as far as its type can.
  const sized = spread(
    cores.map(({ values }) => values),
    -Math.log2(scale),
    type,
    cores.length - 1,
  );
  const train = trainOf(
    cores.map((core, k) => ({ ...core, values: sized[k]! })),
    shape,
    type,
  );
  const operator = scales ? scaledOperator(train, denseOf([1, shape[1]!], type, scales)) : train;
  if (operator.bytes >= leaf.bytes) return tooLarge(cores.slice(0, -1).map((core) => core.shape[3]));
  // The dropped energy is that of the matrix that was cut, which with padding or whitening is not the weight itself.
  if (scales || !withinLeaf(leaf, sites)) return { operator };
  const error = energy === 0 ? 0 : Math.sqrt(discarded.reduce((sum, dropped) => sum + dropped, 0) / energy);
  const rounding = type === 'float16' && energy > 0 ? Math.sqrt(cores.length) * HALF_ROUNDING : 0;
  return { operator, predicted: Math.hypot(error, rounding) };
}

/** The budget for `decompose`. A size with more than two sites is divided among the bonds by their spectra. */
async function budgetFor(
  leaf: Dense,
  sites: SiteShape,
  given: TensorTrainOptions,
  weight: Awaited<ReturnType<typeof paddedTo>>,
  context: MethodContext,
): Promise<BondBudget> {
  const { error, size } = given;
  if (error !== undefined) return { error };
  const known = bondsFor(leaf, sites, given, context);
  if (known) return { ranks: known };
  const spectra = await schmidtSpectra(context.factorisations.backend, weight, sites, firstHalf(context));
  return { ranks: bondsForSize(sites, spectra, numbersFor(leaf, size!, given)) };
}

const firstHalf = ({ signal, onProgress }: LongCall): LongCall => ({
  signal,
  onProgress: onProgress && ((progress) => onProgress({ ...progress, done: progress.done / 2 })),
});

/** 1/√(mean x²) of each input, or channel, relative to the largest and rounded to the leaf's type. */
async function scalesOf({ shape, type }: Dense, root: Float64Array): Promise<Dense> {
  const channels = shape[1]!;
  const taps = root.length / channels;
  const squares = Float64Array.from({ length: channels }, (_, channel) => {
    const own = root.subarray(channel * taps, (channel + 1) * taps);
    return own.reduce((sum, value) => sum + value * value, 0) / taps;
  });
  const smallest = squares.reduce((least, value) => Math.min(least, value));
  return denseOf(
    [1, channels],
    type,
    Float32Array.from(squares, (value) => Math.sqrt(smallest / value)),
  );
}
