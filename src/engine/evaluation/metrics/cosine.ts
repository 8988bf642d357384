import { OUTPUT_KINDS } from '../outputKinds';
import type { ClosenessCounter, ClosenessMetric, OutputPair } from './metric';
import { SampleCounter } from './readings';

/** The cosine between both outputs on a sample, its mean over samples. Of outputs of one number it would say nothing. */
export const cosine: ClosenessMetric = {
  name: 'cosine',
  against: 'original',
  title: 'cosine',
  fullTitle: 'cosine to the original',
  note: 'Cosine between the outputs on a sample, mean over samples; 1 is the same direction. Measured.',
  scale: 'cosine',
  better: 'higher',
  smallLoss: 0.02,
  fits: OUTPUT_KINDS,
  overOutputs: 'mean',
  same: 1,
  shown: 'everywhere',
  counter(): ClosenessCounter {
    const mean = new SampleCounter((pair) => ({ sum: cosineOf(pair), weight: 1 }), { ifEmpty: 1 });
    let isOneNumber = false;
    return {
      add(pair) {
        isOneNumber = pair.original.length === 1;
        if (!isOneNumber) mean.add(pair);
      },
      get value() {
        return isOneNumber ? undefined : mean.value;
      },
      get influences() {
        return isOneNumber ? undefined : mean.influences;
      },
      get interval() {
        return isOneNumber ? undefined : mean.interval;
      },
    };
  },
};

function cosineOf({ original, compressed }: OutputPair): number {
  let [dot, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < original.length; i++) {
    const [x, y] = [original[i]!, compressed[i]!];
    if (x === Number.NEGATIVE_INFINITY) continue;
    dot += x * y;
    squaresA += x * x;
    squaresB += y * y;
  }
  if (squaresA === 0 && squaresB === 0) return 1;
  if (squaresA === 0 || squaresB === 0) return 0;
  // √(a·b) is exactly a for a = b, which √a·√b is not. Squares of float32 are far from overflowing.
  return Math.max(-1, Math.min(1, dot / Math.sqrt(squaresA * squaresB)));
}
