import type { LabelMetric } from './metric';

export const top5: LabelMetric = {
  name: 'top5',
  against: 'labels',
  title: 'top-5 accuracy',
  fullTitle: 'top-5 accuracy',
  note: 'Share of labelled samples whose right class is among the five largest outputs. Measured.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.02,
  // Of five classes or fewer, all are among the first five.
  applies: ({ kind, classes }) => kind === 'class' && classes > 5,
  measure: { ofLogits: (values, start, width, label) => Number(placeOf(values, start, width, label) < 5) },
};

/** How many classes come before this one; of equal ones the first does, as in top-1. */
function placeOf(values: ArrayLike<number>, start: number, width: number, label: number): number {
  const own = values[start + label]!;
  let before = 0;
  for (let i = 0; i < width; i++) {
    const value = values[start + i]!;
    if (value > own || (value === own && i < label)) before++;
  }
  return before;
}
