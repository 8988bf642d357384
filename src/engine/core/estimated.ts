/** The mean of a measurement over samples, and its standard error. */
export interface Estimated {
  readonly mean: number;
  /** Of the mean; undefined where one sample alone was measured. */
  readonly standardError?: number;
}
