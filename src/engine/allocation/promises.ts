import type { Estimated } from '../core/estimated';
import type { Closeness } from './closeness';

export type ProposalName = 'safe' | 'balanced' | 'tiny';

/** What a proposal promises: against labels where the data have some, otherwise of the answers themselves. */
export interface Promised {
  readonly name: ProposalName;
  /** The most that the share of right answers may fall. */
  readonly loss: number;
  /** The least share of choices that stay the same. */
  readonly agreement: number;
  /** The least cosine to the original's outputs that are no choices. */
  readonly cosine: number;
}

/** From the strictest to the loosest: what keeps one promise keeps those behind it. */
export const PROMISES: readonly Promised[] = [
  { name: 'safe', loss: 0.01, agreement: 0.99, cosine: 0.999 },
  { name: 'balanced', loss: 0.03, agreement: 0.97, cosine: 0.995 },
  { name: 'tiny', loss: 0.1, agreement: 0.9, cosine: 0.98 },
];

/**
 * Whether measured answers keep the promise. With labels, right answers alone count. `margin`: by how many standard errors,
 * for a choice that other samples are to confirm.
 */
export function keeps({ loss, agreement, cosine }: Promised, closeness: Closeness, margin = 0): boolean {
  if (!Number.isFinite(closeness.distance)) return false;
  const slack = ({ standardError = 0 }: Estimated) => margin * standardError;
  const { accuracy, agreement: agreed, cosine: alike } = closeness;
  if (accuracy) return accuracy.loss.mean + slack(accuracy.loss) <= loss;
  return (!agreed || agreed.mean - slack(agreed) >= agreement) && (!alike || alike.mean - slack(alike) >= cosine);
}

/** The promise in words, as it applies to what was measured. */
export function describePromise({ loss, agreement, cosine }: Promised, closeness: Closeness): string {
  const points = Math.round(100 * loss);
  if (closeness.accuracy) return `loses at most ${points} ${points === 1 ? 'point' : 'points'} of accuracy`;
  const parts = [
    ...(closeness.agreement ? [`the same answer in at least ${Math.round(100 * agreement)} of 100 cases`] : []),
    ...(closeness.cosine ? [`outputs with a cosine of at least ${cosine} to the original’s`] : []),
  ];
  return parts.join(', and ');
}
