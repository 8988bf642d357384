/** A share in per cent, to three digits at most; near 100 to a hundredth, where what is missing says more. */
export const percent = (share: number): string =>
  `${Number(share > 0.98 ? (100 * share).toFixed(2) : (100 * share).toPrecision(share < 0.1 ? 2 : 3))} %`;
