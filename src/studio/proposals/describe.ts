import type { Closeness, Proposal, ProposalReport } from '../../engine/page/light';
import { formatInteger, formatShare } from '../format';

type Measured = Closeness[keyof Pick<Closeness, 'agreement' | 'relativeError'>];

/** "± 0.4": about two standard errors, within which 95 of 100 such measurements lie. */
const within = (measured: NonNullable<Measured>): string =>
  measured.standardError === undefined ? '' : ` ± ${(100 * 2 * measured.standardError).toFixed(1)}`;

/** What was measured of a proposal: right answers where there are labels, else how close its answers are. */
export function describeCloseness({ accuracy, agreement, relativeError }: Closeness): string[] {
  if (accuracy)
    return [
      `${accuracy.title} ${formatShare(accuracy.after)}, before ${formatShare(accuracy.before)} (${describeLoss(accuracy.loss)})`,
    ];
  return [
    ...(agreement ? [`same answer in ${formatShare(agreement.mean)}${within(agreement)}`] : []),
    ...(relativeError ? [`outputs differ by ${formatShare(relativeError.mean)}${within(relativeError)}`] : []),
  ];
}

function describeLoss(loss: NonNullable<Closeness['accuracy']>['loss']): string {
  const points = (100 * loss.mean).toFixed(1).replace('-0.0', '0.0').replace('-', '−');
  return `loses ${points}${within(loss)} points`;
}

/** On what proposals were measured. */
export function describeSamples({ generated, samples, data }: ProposalReport): string {
  const count = samples.check > 0 ? samples.check : samples.search;
  const apart = samples.check > 0 ? ', which took no part in the choice' : '';
  return generated
    ? `Measured on ${formatInteger(count)} generated inputs${apart}, because no data is open. Only your data can tell whether the model still works.`
    : `Measured on ${formatInteger(count)} samples of ${data}${apart}.`;
}

/** The proposal before this one that has the same recipe; undefined where there is none. */
export const sameAs = (proposal: Proposal, proposals: readonly Proposal[]): Proposal | undefined =>
  proposals
    .slice(0, proposals.indexOf(proposal))
    .find(({ recipe }) => JSON.stringify(recipe) === JSON.stringify(proposal.recipe));
