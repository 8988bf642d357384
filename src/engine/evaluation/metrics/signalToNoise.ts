import { decibels, MOST_DECIBELS } from '../decibels';
import type { ClosenessMetric } from './metric';
import { SampleCounter } from './readings';
import { squaredError } from './squaredError';

/** 10·log₁₀ ‖original‖²/‖original − compressed‖² over all samples: the relative error in decibels. */
export const signalToNoise: ClosenessMetric = {
  name: 'snr',
  against: 'original',
  title: 'signal to noise',
  fullTitle: 'ratio of signal to noise',
  note: 'Power of the original’s output over the power of the difference, in decibels; 20 dB is a relative error of 10 %. Measured.',
  unit: 'dB',
  scale: 'decibel',
  better: 'higher',
  smallLoss: MOST_DECIBELS - 30,
  fits: ['signal'],
  overOutputs: 'mean',
  same: MOST_DECIBELS,
  shown: 'everywhere',
  counter: () => new SampleCounter(squaredError, { ifEmpty: MOST_DECIBELS, transform: decibels() }),
};
