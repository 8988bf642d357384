import { CORRECT } from './correct';
import type { LabelMetric } from './metric';

export const positionAccuracy: LabelMetric = {
  name: 'positionAccuracy',
  against: 'labels',
  title: 'accuracy of positions',
  fullTitle: 'accuracy of positions',
  note: 'Share of labelled positions whose largest output is the right class. Measured.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.02,
  applies: ({ kind, isNextToken }) => kind === 'position' && isNextToken !== true,
  measure: CORRECT,
};
