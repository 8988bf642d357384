import type { LayerReport, LayerSpectrum } from '../../engine/page/light';

/** A layer in view, with what the chart needs of it. */
export interface Measured {
  readonly layer: LayerReport;
  readonly spectrum: LayerSpectrum;
}

/**
 * Chart and overlay share one frame. The overlay (region, cut, break-even) is an element of its own above the chart, so
 * that a moving slider redraws three lines and not the chart.
 */
export const PLOT = { left: 44, right: 14, top: 22, bottom: 24 } as const;
export const PLOT_HEIGHT = 236;

/** More curves than these are a tangle, and each takes time to draw. */
const MOST_CURVES = 32;

/** The layers drawn: all, or evenly spread ones of many. */
export function drawn(measured: readonly Measured[]): readonly Measured[] {
  const step = Math.max(1, Math.ceil(measured.length / MOST_CURVES));
  return step === 1 ? measured : measured.filter((_, index) => index % step === 0);
}

/** Singular values below this share of the largest are rounding, and not drawn. */
const FLOOR = 1e-7;

export const largest = (values: Float64Array): number => values[0] || 1;

/** The power of ten at the foot of the chart. */
export function footOf(measured: readonly Measured[]): number {
  let least = 1;
  for (const { spectrum } of measured) {
    for (const values of curvesOf(spectrum)) {
      const top = largest(values);
      // Falling, so the last value above the floor is the least.
      for (let i = values.length - 1; i >= 0; i--) {
        if (values[i] / top > FLOOR) {
          least = Math.min(least, values[i] / top);
          break;
        }
      }
    }
  }
  return 10 ** Math.min(-1, Math.floor(Math.log10(least)));
}

export function curvesOf(spectrum: LayerSpectrum): readonly Float64Array[] {
  return spectrum.kind === 'matrix' ? [spectrum.values] : [spectrum.outValues, spectrum.inValues];
}

/** How many ranks the horizontal axis has for one layer. */
export const ranksOf = (spectrum: LayerSpectrum): number => Math.max(...curvesOf(spectrum).map(({ length }) => length));

/** Where rank r stands on the axis of one layer, 0…1. */
export const rankPosition = (rank: number, ranks: number): number => (ranks > 1 ? (rank - 1) / (ranks - 1) : 0.5);

/** Where σ/σ₁ stands, 0 at the top … 1 at the foot. */
export function valuePosition(share: number, foot: number): number {
  return Math.min(1, Math.log10(Math.max(share, foot)) / Math.log10(foot));
}
