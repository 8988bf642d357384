import { klOfLogits, klOfProbabilities } from './distribution';
import type { ClosenessMetric } from './metric';
import { RowMean } from './readings';

/**
 * The mean of KL(original ‖ compressed) in nats: of the softmax of rows, or of the rows themselves where every row of
 * the original sums to 1. Where the last axis is no choice (the width of a feature map), it is merely a distance: 0 for
 * equal outputs, larger for farther ones.
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
  overOutputs: 'mean',
  shown: 'everywhere',
  counter: () => new RowMean(klOfLogits, klOfProbabilities, 0),
};
