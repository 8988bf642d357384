import { klOfLogits, klOfProbabilities } from './distribution';
import type { ClosenessMetric } from './metric';
import { RowMean } from './readings';

/**
 * The mean of KL(original ‖ compressed) in nats: of the softmax of rows, or of the rows themselves where every row of
 * the original sums to 1.
 */
export const klDivergence: ClosenessMetric = {
  name: 'kl',
  against: 'original',
  title: 'KL divergence',
  fullTitle: 'KL divergence from the original',
  note: 'Mean KL(original ‖ compressed) of the outputs, in nats; 0 is the same. Measured.',
  unit: 'nats',
  scale: 'distance',
  better: 'lower',
  smallLoss: 0.05,
  fits: ['choices'],
  overOutputs: 'mean',
  same: 0,
  shown: 'everywhere',
  counter: () => new RowMean(klOfLogits, klOfProbabilities, { ifEmpty: 0 }),
};
