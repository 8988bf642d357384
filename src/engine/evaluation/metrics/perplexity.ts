import { isDistribution, logProbability, logSumExp } from './distribution';
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
  counter() {
    let counted = 0;
    // Only the last row tells whether rows are probabilities, so both readings are summed until then.
    let isProbabilities = true;
    let [lossOfLogits, lossOfProbabilities] = [0, 0];
    return {
      count(values, start, width, label) {
        counted++;
        lossOfLogits += logSumExp(values, start, width) - values[start + label];
        isProbabilities &&= isDistribution(values, start, width);
        if (isProbabilities) lossOfProbabilities -= logProbability(values[start + label]);
      },
      get value() {
        return Math.exp((isProbabilities ? lossOfProbabilities : lossOfLogits) / counted);
      },
    };
  },
};
