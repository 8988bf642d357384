import { argmax } from './distribution';
import type { ClosenessMetric } from './metric';
import { RowMean } from './readings';

/** Above this share of equal answers of the original, another model's agreement with it is no evidence. */
const CONSTANT_SHARE = 0.9;

const agrees = (a: ArrayLike<number>, b: ArrayLike<number>, start: number, width: number): number =>
  argmax(a, start, width) === argmax(b, start, width) ? 1 : 0;

/** The share of rows whose largest entry is the same one. */
export const agreement: ClosenessMetric = {
  name: 'agreement',
  against: 'original',
  title: 'agreement',
  fullTitle: 'agreement with the original',
  note: 'Share of positions where original and compressed have the same largest output. Measured; not accuracy.',
  scale: 'share',
  better: 'higher',
  smallLoss: 0.05,
  fits: ['choices'],
  overOutputs: 'mean',
  same: 1,
  shown: 'everywhere',
  counter: () => new RowMean(agrees, agrees, { ifEmpty: 1, scale: 'share' }),
  saysLittle: ({ majority }) => majority > CONSTANT_SHARE,
};
