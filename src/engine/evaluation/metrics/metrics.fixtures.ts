import { OUTPUT_KINDS } from '../outputKinds';
import { argmax } from './distribution';
import type { ClosenessMetric, LabelMetric, OutputPair } from './metric';
import { SampleCounter } from './readings';

/** The share of samples whose label is among the two largest outputs: a metric against labels, as a fixture. */
export const top2: LabelMetric = {
  name: 'top2',
  against: 'labels',
  title: 'top-2 accuracy',
  fullTitle: 'top-2 accuracy',
  note: 'Share of labelled samples whose right class is among the two largest outputs. Measured.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.02,
  applies: ({ kind }) => kind === 'class',
  measure: {
    ofLogits(values, start, width, label) {
      const rest = Float64Array.from({ length: width }, (_, i) => values[start + i]!);
      rest[argmax(rest, 0, width)] = Number.NEGATIVE_INFINITY;
      return Number(argmax(values, start, width) === label || argmax(rest, 0, width) === label);
    },
  },
};

/** The mean squared difference: a metric against the original, as a fixture. */
export const meanSquaredError: ClosenessMetric = {
  name: 'mse',
  against: 'original',
  title: 'mean squared error',
  fullTitle: 'mean squared error to the original',
  note: 'Mean of the squared differences of all outputs. Measured.',
  scale: 'distance',
  better: 'lower',
  smallLoss: 0.05,
  fits: OUTPUT_KINDS,
  overOutputs: 'mean',
  same: 0,
  shown: 'everywhere',
  counter: () => new SampleCounter(meanSquares, { ifEmpty: 0 }),
};

function meanSquares({ original, compressed }: OutputPair): { sum: number; weight: number } {
  let sum = 0;
  for (let i = 0; i < original.length; i++) sum += (original[i]! - compressed[i]!) ** 2;
  return { sum, weight: original.length };
}
