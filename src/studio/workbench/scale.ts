import type { Budget, BudgetKind } from '../store';

/**
 * Where a budget stands on its slider. Shares of energy crowd at 1 and errors at 0, so those two sliders are
 * logarithmic: equal steps cut the lost energy, or the error, by equal factors.
 */
export interface Scale {
  readonly label: string;
  /** Positions 0…last in whole steps. */
  readonly last: number;
  valueAt(position: number): number;
  positionOf(value: number): number;
  /** Ranges of the value itself, for the field beside the slider. */
  readonly min: number;
  readonly max: number;
}

const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));

/** Steps to a factor of ten. */
const PER_DECADE = 50;
const ENERGY_DECADES = 4;
const ERROR_DECADES = 3;

/** `maxRank`: the largest rank that any of the layers has. */
export function scaleOf(kind: BudgetKind, maxRank: number): Scale {
  switch (kind) {
    case 'rank':
      return {
        label: 'Rank',
        last: Math.max(1, maxRank - 1),
        valueAt: (position) => clamp(position + 1, 1, maxRank),
        positionOf: (value) => clamp(Math.round(value), 1, maxRank) - 1,
        min: 1,
        max: maxRank,
      };
    case 'size':
      return {
        label: 'Size',
        last: 99,
        valueAt: (position) => (position + 1) / 100,
        positionOf: (value) => clamp(Math.round(value * 100) - 1, 0, 99),
        min: 0.001,
        max: 1,
      };
    case 'energy':
      return {
        label: 'Energy',
        last: ENERGY_DECADES * PER_DECADE,
        valueAt: (position) => tidy(1 - 10 ** (-Math.max(position, 1) / PER_DECADE), 6),
        positionOf: (value) =>
          clamp(Math.round(-Math.log10(Math.max(1 - value, 1e-9)) * PER_DECADE), 1, ENERGY_DECADES * PER_DECADE),
        min: 0.001,
        max: 1,
      };
    case 'error':
      return {
        label: 'Error',
        last: ERROR_DECADES * PER_DECADE,
        valueAt: (position) => tidy(10 ** (position / PER_DECADE - ERROR_DECADES), 5),
        positionOf: (value) =>
          clamp(
            Math.round((Math.log10(Math.max(value, 1e-9)) + ERROR_DECADES) * PER_DECADE),
            0,
            ERROR_DECADES * PER_DECADE,
          ),
        min: 0.0001,
        max: 1,
      };
  }
}

/** A recipe is read by people: 0.9369 rather than 0.9369042655519806. */
export function tidy(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** "rank 64", "50 % of the size", for a slider's spoken value. */
export function speak({ kind, value }: Budget): string {
  const percent = `${+(value * 100).toPrecision(6)} %`;
  switch (kind) {
    case 'rank':
      return `rank ${value}`;
    case 'size':
      return `${percent} of the size`;
    case 'energy':
      return `${percent} of the energy kept`;
    case 'error':
      return `error at most ${percent}`;
  }
}
