/** One way to compress a layer, which works without data, or with data alone. */
export interface Level {
  readonly key: string;
  /** In words: "4 bits". */
  readonly title: string;
  readonly step: { readonly method: string; readonly options: Readonly<Record<string, unknown>> };
}

const codes = (key: string, title: string, options: Readonly<Record<string, unknown>>): Level => ({
  key,
  title,
  step: { method: 'quantize', options },
});

/** Codes that are rounded by what layers see of calibration data are better at the same bytes. */
const gptq = (calibrated: boolean) => (calibrated ? { rounding: 'gptq' } : {});

/**
 * The levels that proposals are made of, in the order in which they are tried for the whole model. Codes keep more of a
 * weight in the same bytes than all that leaves a part of it out, without retraining, and take milliseconds a layer. The
 * first one keeps the promise of the safe proposal on most models, so that there is a proposal at once.
 */
export const levelsFor = (calibrated: boolean): readonly Level[] => [
  codes('8', '8 bits', { bits: 8, groupSize: 0 }),
  codes('4', '4 bits', { bits: 4, groupSize: 32, ...gptq(calibrated) }),
  codes('8g', '8 bits in groups', { bits: 8, groupSize: 32 }),
  codes('2', '2 bits', { bits: 2, groupSize: 16, ...gptq(calibrated) }),
  codes('4w', '4 bits in wide groups', { bits: 4, groupSize: 128, ...gptq(calibrated) }),
  { key: '16', title: '16 bits', step: { method: 'half', options: {} } },
];

/** The level at which a layer is measured by itself: it moves the answer enough to stand out, and breaks few models. */
export const PROBED = ['4', '4w', '2', '8', '8g', '16'] as const;
