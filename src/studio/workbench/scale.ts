import type { Control } from '../../engine/page/light';

/**
 * The position of a number on its slider. Useful shares of energy are close to 1 and useful errors close to 0, so those
 * sliders are logarithmic: equal steps change what is lost, or the error, by equal factors.
 */
export interface Scale {
  /** Positions 0…last in whole steps. */
  readonly last: number;
  valueAt(position: number): number;
  positionOf(value: number): number;
  /** What a recipe allows, for the field beside the slider. */
  readonly min: number;
  readonly max: number;
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** Steps to a factor of ten. */
const PER_DECADE = 50;
/** A slider has about as many pixels. Larger ranges of whole numbers go in logarithmic steps. */
const MOST_POSITIONS = 4096;

/** `most`: the upper end of a count that has no maximum of its own, from the layers' sizes. */
export function scaleOf(control: Control, most: number): Scale {
  const { least = 0, unit, whole, range, logarithmic } = control;
  const share = unit === 'share';
  const end = share
    ? 1
    : Math.max(least, Math.min(control.most ?? most, control.whole ? most : Number.POSITIVE_INFINITY));
  const [low, high] = range ?? [share ? 0.01 : least, end];
  const limits = {
    min: share ? Math.min(low, 0.0001) : least,
    max: control.most ?? (share ? 1 : Math.max(end, least, high)),
  };
  if (logarithmic === 'toOne') {
    const [far, near] = [1 - low, Math.max(1 - high, 1e-9)];
    const scale = decades(near, far);
    return {
      last: scale.last,
      valueAt: (position) => tidy(1 - scale.at(scale.last - position), 6),
      positionOf: (value) => scale.last - scale.of(1 - value),
      ...limits,
    };
  }
  if (logarithmic || (whole && high - low > MOST_POSITIONS)) {
    const scale = decades(Math.max(low, 1e-9), high);
    const round = (value: number) => (whole ? Math.round(value) : tidy(value, 5));
    return { last: scale.last, valueAt: (position) => round(scale.at(position)), positionOf: scale.of, ...limits };
  }
  const step = whole ? 1 : share ? 0.01 : (high - low) / 100;
  const last = Math.max(1, Math.round((high - low) / step));
  return {
    last,
    valueAt: (position) => tidy(clamp(low + position * step, low, high), 6),
    positionOf: (value) => clamp(Math.round((value - low) / step), 0, last),
    ...limits,
  };
}

function decades(low: number, high: number) {
  const last = Math.max(1, Math.round(Math.log10(high / low) * PER_DECADE));
  const factor = (high / low) ** (1 / last);
  return {
    last,
    at: (position: number) => clamp(low * factor ** position, low, high),
    of: (value: number) => clamp(Math.round(Math.log(Math.max(value, low) / low) / Math.log(factor)), 0, last),
  };
}

/** People read recipes: 0.9369 rather than 0.9369042655519806. */
export function tidy(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
