import { argmax } from './distribution';
import type { ClosenessMetric, LabelMetric } from './metric';

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
  counter() {
    let [counted, correct] = [0, 0];
    return {
      count(values, start, width, label) {
        counted++;
        const rest = Float64Array.from({ length: width }, (_, i) => values[start + i]!);
        rest[argmax(rest, 0, width)] = Number.NEGATIVE_INFINITY;
        if (argmax(values, start, width) === label || argmax(rest, 0, width) === label) correct++;
      },
      get value() {
        return correct / counted;
      },
    };
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
  overOutputs: 'mean',
  shown: 'everywhere',
  counter() {
    let [sum, counted] = [0, 0];
    return {
      add({ original, compressed, length }) {
        for (let i = 0; i < length; i++) sum += (original[i]! - compressed[i]!) ** 2;
        counted += length;
      },
      get value() {
        return counted === 0 ? 0 : sum / counted;
      },
    };
  },
};
