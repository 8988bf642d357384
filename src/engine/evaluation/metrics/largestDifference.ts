import { OUTPUT_KINDS } from '../outputKinds';
import type { ClosenessMetric } from './metric';

export const largestDifference: ClosenessMetric = {
  name: 'maxAbsolute',
  against: 'original',
  title: 'largest difference',
  fullTitle: 'largest difference from the original',
  note: 'The largest absolute difference of any output. Measured.',
  scale: 'distance',
  better: 'lower',
  smallLoss: 0,
  fits: OUTPUT_KINDS,
  overOutputs: 'max',
  same: 0,
  shown: 'command line',
  counter() {
    let largest = 0;
    return {
      add({ original, compressed }) {
        for (let i = 0; i < original.length; i++) {
          if (original[i] === Number.NEGATIVE_INFINITY) continue;
          const difference = Math.abs(original[i]! - compressed[i]!);
          if (difference > largest) largest = difference;
        }
      },
      get value() {
        return largest;
      },
    };
  },
};
