import { sharedFactors } from '../../linalg/factors';
import { truncate } from '../../linalg/svd';
import { truncatedSvd, truncationPays } from '../../linalg/truncatedSvd';
import { type Dense, elements, isMatrix, matrixOf } from '../../operators/operator';
import { isSkipped, type Method, type MethodContext, type Outcome } from '../method';
import type { Whitening } from '../whitening';
import { factorisationCost } from '../work';
import { adviceOn } from './advice';
import { isWhitened, type SvdOptions, svdOptions } from './options';
import {
  breakEven,
  errorAt,
  factored,
  planned,
  predict,
  rankWithin,
  staged,
  svdRanks,
  tooLarge,
  withRounding,
} from './plan';
import { whitenedFactors } from './whitenedSvd';

/**
 * Truncated singular value decomposition. A matrix becomes left·right of the chosen rank (Eckart–Young: no other matrix
 * of that rank is nearer). A k×k convolution becomes Tucker-2, 1×1 · k×k · 1×1. With whitening, a weight becomes the one of
 * that rank whose output on the calibration data is nearest. A whitened k×k convolution is factored as the matrix
 * [out, in·taps] that its unfolded input meets, k×k · 1×1: Tucker-2 would need an input side as well, and no factorisation
 * of W·S gives the best choice of that.
 */
export const svd: Method<SvdOptions> = {
  name: 'svd',
  title: 'Truncated SVD',
  summary: 'Keeps the directions of a weight that carry most of it, and drops the rest.',
  paper: 'Eckart & Young 1936; Kim et al. 2016 (Tucker-2); Wang et al. 2024 (SVD-LLM), whitened',
  options: svdOptions,
  needsData: isWhitened,
  plan: planned,
  predict,
  truncation: {
    kept: (leaf, budget, { spectrum }) => svdRanks(leaf, budget, spectrum),
    breakEven,
    ofSize: (size) => ({ size }),
  },
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
  const known = svdRanks(leaf, budget)?.[0];
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
  return tooLarge(leaf, [factors.rank]) ?? { operator: factored(leaf, factors.rank, factors) };
}

async function matrix(leaf: Dense, budget: SvdOptions, context: MethodContext): Promise<Outcome> {
  const known = svdRanks(leaf, budget)?.[0];
  // A rank too large to pay is known without factorising.
  const fault = known === undefined ? undefined : tooLarge(leaf, [known]);
  if (fault) return fault;
  const values = await leaf.toDense();
  const [rows, columns] = leaf.shape as [number, number];
  const { backend } = context.factorisations;
  if (known !== undefined && leadingIsEnough(leaf, known)) {
    const leading = await truncatedSvd(backend, { values, rows, columns }, { rank: known }, context);
    const predicted = withRounding(leading.error, leaf.type, 2, leading.values[0]!);
    return { operator: factored(leaf, known, sharedFactors(leading)), predicted };
  }
  const count = known ?? ((sigma: Float64Array) => rankWithin(sigma, budget));
  const factors = await context.factorisations.matrix(leaf, values, { ...context, count });
  const rank = known ?? rankWithin(factors.values, budget);
  return (
    tooLarge(leaf, [rank]) ?? {
      operator: factored(leaf, rank, await truncate(backend, { values, rows, columns }, factors, rank)),
      predicted: errorAt(leaf, [rank], { kind: 'matrix', values: factors.values }),
    }
  );
}

/**
 * Up to this short side every rank comes from the whole spectrum, which is the same on every backend to roundoff. Beyond
 * it, the cost grows with the cube of the side, and the leading part alone is worth its weaker guarantee: an error of at
 * most 1.0005 times the best. Spectra that are known already don't change the choice: a recipe gives the same file whether
 * or not somebody looked at the layer before.
 */
const WHOLE = 2048;

function leadingIsEnough({ shape }: Dense, rank: number): boolean {
  const [rows, columns] = matrixOf(shape);
  return Math.min(rows, columns) > WHOLE && truncationPays(rows, columns, rank);
}

async function convolution(leaf: Dense, budget: SvdOptions, context: MethodContext): Promise<Outcome> {
  const known = svdRanks(leaf, budget);
  const fault = known && tooLarge(leaf, known);
  if (fault) return fault;
  const factors = await context.factorisations.convolution(leaf, await leaf.toDense(), context);
  const spectrum = { kind: 'tucker', ...factors } as const;
  const ranks = known ?? svdRanks(leaf, budget, spectrum)!;
  return (
    tooLarge(leaf, ranks) ?? {
      operator: staged(leaf, ranks, factors),
      predicted: errorAt(leaf, ranks, spectrum),
    }
  );
}
