import { NUMBER_KINDS } from '../outputKinds';
import type { ClosenessMetric } from './metric';
import { SampleCounter } from './readings';
import { squaredError } from './squaredError';

/** ‖original − compressed‖ / ‖original‖ over all samples. */
export const relativeError: ClosenessMetric = {
  name: 'relativeError',
  against: 'original',
  title: 'relative error',
  fullTitle: 'relative error to the original',
  note: 'Length of the difference between the outputs over the length of the original’s output; 0 is the same. Measured.',
  scale: 'distance',
  better: 'lower',
  smallLoss: 0.05,
  fits: NUMBER_KINDS,
  overOutputs: 'mean',
  same: 0,
  shown: 'everywhere',
  counter: () => new SampleCounter(squaredError, { ifEmpty: 0, transform: ROOT }),
};

// The slope is infinite at 0, where nothing differs and no sample contributes.
const ROOT = {
  of: (mean: number) => Math.sqrt(Math.max(0, mean)),
  slope: (mean: number) => (mean > 0 ? 0.5 / Math.sqrt(mean) : 0),
};
