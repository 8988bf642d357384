import { CORRECT } from './correct';
import type { LabelMetric } from './metric';

export const nextToken: LabelMetric = {
  name: 'nextToken',
  against: 'labels',
  title: 'next-token accuracy',
  fullTitle: 'next-token accuracy',
  note: 'Share of labelled positions whose largest output is the token that follows. Measured.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.02,
  applies: ({ kind, isNextToken }) => kind === 'position' && isNextToken === true,
  measure: CORRECT,
};
