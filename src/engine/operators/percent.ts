/**
 * A share in per cent with up to three digits. Close to 100 it has two decimals, since the missing part matters there.
 */
export const percent = (share: number): string =>
  `${Number(share > 0.98 ? (100 * share).toFixed(2) : (100 * share).toPrecision(share < 0.1 ? 2 : 3))} %`;
