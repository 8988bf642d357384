import { agreement } from './agreement';
import { cosine } from './cosine';
import { klDivergence } from './klDivergence';
import { largestDifference } from './largestDifference';
import { majority } from './majority';
import type { Metric } from './metric';
import { perplexity } from './perplexity';
import { top1 } from './top1';

/**
 * Every metric. Of those against labels, the first that applies to the data comes first in reports; without labels, the
 * first against the original that says something.
 */
export const METRICS: readonly Metric[] = [
  top1,
  perplexity,
  agreement,
  majority,
  klDivergence,
  cosine,
  largestDifference,
];
