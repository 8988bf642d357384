import { decibels, MOST_DECIBELS } from '../decibels';
import type { ClosenessCounter, ClosenessMetric } from './metric';
import { SampleMean } from './readings';

/**
 * 10·log₁₀(R²/MSE): the range R of the original's values on all samples against the mean squared error. It differs from
 * the relative error where values have an offset, as depths have.
 */
export const peakSignalToNoise: ClosenessMetric = {
  name: 'psnr',
  against: 'original',
  title: 'PSNR',
  fullTitle: 'ratio of peak signal to noise',
  note: 'Range of the original’s output over the root of the mean squared difference, in decibels: 40 dB is 1 % of the range. Measured.',
  unit: 'dB',
  scale: 'decibel',
  better: 'higher',
  smallLoss: MOST_DECIBELS - 30,
  fits: ['map'],
  overOutputs: 'mean',
  same: MOST_DECIBELS,
  shown: 'everywhere',
  counter(): ClosenessCounter {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    // The range is known only after the last sample.
    const transform = {
      of: (mean: number) => decibels((most - least) ** 2).of(mean),
      slope: (mean: number) => decibels().slope(mean),
    };
    const mean = new SampleMean({ ifEmpty: MOST_DECIBELS, transform });
    return {
      add({ sample, original, compressed }) {
        let [squares, counted] = [0, 0];
        for (let i = 0; i < original.length; i++) {
          const [x, y] = [original[i]!, compressed[i]!];
          if (x === Number.NEGATIVE_INFINITY) continue;
          squares += (x - y) ** 2;
          counted++;
          least = Math.min(least, x);
          most = Math.max(most, x);
        }
        mean.sums.add(sample, squares, counted);
      },
      get value() {
        return mean.value;
      },
      get influences() {
        return mean.influences;
      },
      get interval() {
        return mean.interval;
      },
    };
  },
};
