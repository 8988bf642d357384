import { attainableBonds, trainSize } from '../../linalg/bonds';
import type { SiteShape } from '../../linalg/sites';
import { truncationError } from '../../linalg/spectrum';
import { kindOfOperator } from '../../model/layerOperators/roles';
import { type Dense, elements, matrixOf, type Operator } from '../../operators/operator';
import { CONTRACTION_PACE } from '../../operators/tensorTrain/tensorTrain';
import { trainMultiplyAdds } from '../../operators/tensorTrain/trainSites';
import type { PlanContext, Skipped } from '../method';
import { sameSites } from './trainMatrix';

/** A spectrum is called flat above this share of its length: to drop half of it drops about half of the weight. */
const FLAT = 0.7;

/**
 * What a train means for the layer's file and its time, compared with a truncated SVD of the same size, in sentences.
 */
export function adviceOnTrain(
  leaf: Dense,
  sites: SiteShape,
  plan: Operator | Skipped | 'unknown',
  { op, spectrum, train }: PlanContext,
): string[] {
  const [rows, columns] = matrixOf(leaf.shape);
  const said: string[] = [];
  if (kindOfOperator(op) === 'product') {
    const bond = fastestBond(sites, leaf.multiplyAdds);
    said.push(
      bond === 0
        ? 'Contracting it is slower than the dense product at any bond: it is rebuilt when the model loads, which saves storage, not time.'
        : `Contracting it is faster than the dense product up to bonds of ${bond}; with larger ones it is rebuilt when the model loads, which saves storage, not time.`,
    );
  } else said.push('Rebuilt when the model loads: saves storage, not time.');
  const padded = [elements(sites.out), elements(sites.in)] as const;
  if (padded[0] > rows || padded[1] > columns) {
    const more = ((100 * padded[0] * padded[1]) / (rows * columns) - 100).toFixed(1);
    said.push(
      `${rows}×${columns} has awkward factors: padded with zeros to ${padded.join('×')}, ${more} % more to compute; exact, as they are cropped again.`,
    );
  }
  if (plan !== 'unknown' && !('skipped' in plan)) {
    const rank = Math.floor(plan.parameters / (rows + columns));
    const theirs =
      spectrum?.kind === 'matrix' && rank > 0
        ? `, and an error of ${truncationError(spectrum.values, rank).toFixed(3)}`
        : '';
    if (rank > 0) said.push(`A truncated SVD of the same size has rank ${rank}${theirs}.`);
  }
  const same = train && sameSites(train.sites, sites);
  const flattest = same ? Math.max(...train.cuts.map(({ values, effectiveBond }) => effectiveBond / values.length)) : 0;
  if (same && flattest <= FLAT) {
    const cuts = train.cuts.map(({ values, effectiveBond }) => `${effectiveBond.toFixed(0)} of ${values.length}`);
    said.push(`Its cuts are carried by about ${cuts.join(', ')} directions.`);
  } else {
    said.push(
      `${same ? 'Its spectra are flat' : "Where its spectra are flat, as most trained weights' are"}: on such weights a tensor train is the start of a healing run, not a result.`,
    );
  }
  return said;
}

/**
 * The largest bond, the same at every cut, at which a train is smaller than the dense weight and faster to multiply
 * with.
 */
function fastestBond(sites: SiteShape, dense: number): number {
  const pays = (bond: number) => {
    const bonds = attainableBonds(sites, bond);
    return trainSize(sites, bonds) < dense && trainMultiplyAdds({ ...sites, bonds }) / CONTRACTION_PACE < dense;
  };
  let bond = 0;
  while (pays(bond + 1) && bond < dense) bond++;
  return bond;
}
