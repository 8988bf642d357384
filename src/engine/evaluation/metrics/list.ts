import { agreement } from './agreement';
import { bitsPerByte } from './bitsPerByte';
import { bitsPerToken } from './bitsPerToken';
import { cosine } from './cosine';
import { klDivergence } from './klDivergence';
import { largestDifference } from './largestDifference';
import { majority } from './majority';
import type { Metric } from './metric';
import { nextToken } from './nextToken';
import { peakSignalToNoise } from './peakSignalToNoise';
import { perplexity } from './perplexity';
import { positionAccuracy } from './positionAccuracy';
import { rankAgreement } from './rankAgreement';
import { relativeError } from './relativeError';
import { signalToNoise } from './signalToNoise';
import { top1 } from './top1';
import { top5 } from './top5';

/**
 * Every metric. Of those against labels, the first that applies to the data comes first in reports; without labels, the
 * first against the original that fits the outputs and says something.
 */
export const METRICS: readonly Metric[] = [
  top1,
  top5,
  nextToken,
  positionAccuracy,
  bitsPerByte,
  bitsPerToken,
  perplexity,
  agreement,
  majority,
  klDivergence,
  rankAgreement,
  relativeError,
  peakSignalToNoise,
  signalToNoise,
  cosine,
  largestDifference,
];
