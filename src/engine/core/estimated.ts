/** Standard errors within which 95 % of means over many samples lie. */
export const CONFIDENCE = 1.96;

/** The mean of a measurement over samples, and its standard error. */
export interface Estimated {
  readonly mean: number;
  /** Of the mean; undefined where one sample alone was measured. */
  readonly standardError?: number;
}
