import type { Transform } from './intervals';

/** What is written for outputs that are the same: float32 outputs that differ at all are nearer to 150 dB. */
export const MOST_DECIBELS = 200;

/** 10·log₁₀(scale / mean): decibels of a signal over an error, whose mean square is `mean`. */
export const decibels = (scale = 1): Transform => ({
  of: (mean) => (mean > 0 && scale > 0 ? Math.min(MOST_DECIBELS, 10 * Math.log10(scale / mean)) : MOST_DECIBELS),
  slope: (mean) => (mean > 0 ? -10 / (Math.LN10 * mean) : 0),
});
