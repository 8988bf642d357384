import { logProbability, logSumExp } from './distribution';
import type { LabelMeasure } from './metric';

/** −log p(label), in nats. */
export const CROSS_ENTROPY: LabelMeasure = {
  ofLogits: (values, start, width, label) => logSumExp(values, start, width) - values[start + label]!,
  ofProbabilities: (values, start, _, label) => -logProbability(values[start + label]!),
};
