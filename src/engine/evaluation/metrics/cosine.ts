import type { ClosenessMetric } from './metric';

/** The cosine between the outputs on all samples, taken as one vector. */
export const cosine: ClosenessMetric = {
  name: 'cosine',
  against: 'original',
  title: 'cosine',
  fullTitle: 'cosine to the original',
  note: 'Cosine between the outputs; 1 is the same direction. Measured.',
  scale: 'cosine',
  better: 'higher',
  smallLoss: 0.02,
  overOutputs: 'mean',
  shown: 'everywhere',
  counter() {
    let [dot, squaresA, squaresB] = [0, 0, 0];
    return {
      add({ original, compressed, length }) {
        for (let i = 0; i < length; i++) {
          const [x, y] = [original[i], compressed[i]];
          if (x === Number.NEGATIVE_INFINITY) continue;
          dot += x * y;
          squaresA += x * x;
          squaresB += y * y;
        }
      },
      get value() {
        if (squaresA === 0 && squaresB === 0) return 1;
        if (squaresA === 0 || squaresB === 0) return 0;
        // √(a·b) is exactly a for a = b, which √a·√b is not. Squares of float32 are far from overflowing.
        return Math.max(-1, Math.min(1, dot / Math.sqrt(squaresA * squaresB)));
      },
    };
  },
};
