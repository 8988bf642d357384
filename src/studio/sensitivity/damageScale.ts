import type { SensitivityReport } from '../../engine/page/light';

/**
 * Where damages stand between the least and the most of a report. Logarithmic: distances between answers range over many
 * powers of ten, and the small ones decide.
 */
export interface DamageScale {
  readonly least: number;
  readonly most: number;
  /** Powers of ten within the scale. */
  readonly ticks: readonly number[];
  /** 0 for `least` and below (none included), 1 for `most` and above. */
  place(damage: number): number;
}

/** Smaller damages than this share of the largest have the colour of none. */
const RANGE = 1e-6;

/** The scale of all measured damages, of every line: changing the line does not change what a colour means. */
export function damageScaleOf({ cells }: Pick<SensitivityReport, 'cells'>): DamageScale {
  let most = 0;
  for (const { damage } of cells) if (damage && damage.mean > most) most = damage.mean;
  let least = Number.POSITIVE_INFINITY;
  for (const { damage } of cells) if (damage && damage.mean > RANGE * most && damage.mean < least) least = damage.mean;
  return most > 0 ? logarithmic(least, most) : logarithmic(1e-3, 1);
}

/** The scale of estimated errors: shares of the layer's output or weight. */
export const ESTIMATE_SCALE: DamageScale = logarithmic(1e-3, 1);

function logarithmic(smallest: number, largest: number): DamageScale {
  // Whole powers of ten, so that the legend has round ends; rounding of the logarithm must not add one.
  const low = Math.floor(Math.log10(smallest) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(largest) - 1e-9));
  const decades = high - low;
  return {
    least: 10 ** low,
    most: 10 ** high,
    ticks: Array.from({ length: decades + 1 }, (_, i) => Number(`1e${low + i}`)),
    place: (damage) => (damage > 0 ? Math.min(1, Math.max(0, (Math.log10(damage) - low) / decades)) : 0),
  };
}

/** Two digits that matter: 0.0312 → "0.031", 0.000042 → "4.2e−5". */
export function formatDamage(damage: number): string {
  const size = Math.abs(damage);
  if (size === 0) return '0';
  const text = size < 1e-3 ? size.toExponential(1) : size < 100 ? String(+size.toPrecision(2)) : size.toFixed(0);
  return `${damage < 0 ? '−' : ''}${text.replace(/\.0e/, 'e').replace('e-', 'e−').replace('e+', 'e')}`;
}

/** A level, as a share of the bytes: 0.375 → "37.5 %". */
export const formatLevel = (share: number): string => `${+(100 * share).toPrecision(3)} %`;
