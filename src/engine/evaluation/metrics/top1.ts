import { CORRECT } from './correct';
import type { LabelMetric } from './metric';

export const top1: LabelMetric = {
  name: 'top1',
  against: 'labels',
  title: 'top-1 accuracy',
  fullTitle: 'top-1 accuracy',
  note: 'Share of labelled samples whose largest output is the right class. Measured.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.02,
  applies: ({ kind }) => kind === 'class',
  measure: CORRECT,
};
