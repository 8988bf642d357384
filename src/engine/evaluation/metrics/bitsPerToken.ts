import { CROSS_ENTROPY } from './crossEntropy';
import type { LabelMetric } from './metric';

export const NATS_TO_BITS = { of: (nats: number) => nats / Math.LN2, slope: () => 1 / Math.LN2 };

/** A vocabulary of so many tokens is that of bytes. */
export const BYTES = 256;

/** The mean cross-entropy in bits: how much an ideal coder with this model would store for each token. */
export const bitsPerToken: LabelMetric = {
  name: 'bitsPerToken',
  against: 'labels',
  title: 'bits per token',
  fullTitle: 'bits per token',
  note: 'Mean cross-entropy of the tokens that follow, in bits; lower is better. Measured.',
  unit: 'bits',
  scale: 'amount',
  better: 'lower',
  smallLoss: 0.05,
  applies: ({ isNextToken, classes }) => isNextToken === true && classes !== BYTES,
  measure: CROSS_ENTROPY,
  transform: NATS_TO_BITS,
};
