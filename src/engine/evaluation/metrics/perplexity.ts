import { CROSS_ENTROPY } from './crossEntropy';
import type { LabelMetric } from './metric';

/** e to the mean cross-entropy over the positions that count. */
export const perplexity: LabelMetric = {
  name: 'perplexity',
  against: 'labels',
  title: 'perplexity',
  fullTitle: 'perplexity',
  note: 'e to the mean cross-entropy of the labels; lower is better. Measured.',
  scale: 'ratio',
  better: 'lower',
  smallLoss: 0.05,
  applies: ({ kind }) => kind === 'position',
  measure: CROSS_ENTROPY,
  transform: { of: Math.exp, slope: Math.exp },
};
