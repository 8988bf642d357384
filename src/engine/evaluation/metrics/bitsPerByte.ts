import { BYTES, bitsPerToken } from './bitsPerToken';
import type { LabelMetric } from './metric';

/** Bits per token of a model whose tokens are bytes. */
export const bitsPerByte: LabelMetric = {
  ...bitsPerToken,
  name: 'bitsPerByte',
  title: 'bits per byte',
  fullTitle: 'bits per byte',
  note: 'Mean cross-entropy of the bytes that follow, in bits; lower is better. Measured.',
  applies: ({ isNextToken, classes }) => isNextToken === true && classes === BYTES,
};
