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
  /** The most by which outputs that are no choices differ, relative to the original's. .04 is a cosine of .9992. */
  readonly error: number;
}

/** From the strictest to the loosest: what keeps one promise keeps those behind it. */
export const PROMISES: readonly Promised[] = [
  { name: 'safe', loss: 0.01, agreement: 0.99, error: 0.04 },
  { name: 'balanced', loss: 0.03, agreement: 0.97, error: 0.1 },
  { name: 'tiny', loss: 0.1, agreement: 0.9, error: 0.2 },
];

/**
 * Whether measured answers keep the promise. With labels, right answers alone count. `margin`: by how many standard errors,
 * for a choice that other samples are to confirm.
 */
export function keeps(promised: Promised, closeness: Closeness, margin = 0): boolean {
  if (!Number.isFinite(closeness.distance)) return false;
  const slack = ({ standardError = 0 }: Estimated) => margin * standardError;
  const { accuracy, agreement, relativeError } = closeness;
  if (accuracy) return accuracy.loss.mean + slack(accuracy.loss) <= promised.loss;
  return (
    (!agreement || agreement.mean - slack(agreement) >= promised.agreement) &&
    (!relativeError || relativeError.mean + slack(relativeError) <= promised.error)
  );
}

/** The promise in words, as it applies to what was measured. */
export function describePromise({ loss, agreement, error }: Promised, closeness: Closeness): string {
  const percent = (share: number) => Math.round(100 * share);
  if (closeness.accuracy)
    return `loses at most ${percent(loss)} ${loss === 0.01 ? 'point' : 'points'} of ${closeness.accuracy.title}`;
  const parts = [
    ...(closeness.agreement ? [`gives the same answer in at least ${percent(agreement)} of 100 cases`] : []),
    ...(closeness.relativeError ? [`its outputs differ by at most ${percent(error)} %`] : []),
  ];
  return parts.join(', and ');
}
