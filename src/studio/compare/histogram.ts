import { quantile } from '../../engine/page/light';

/** A bin of the histogram: how many timings of each model lie in [from, from + width), in ms. */
export interface Bin {
  readonly from: number;
  readonly before: number;
  readonly after: number;
}

export interface Histogram {
  readonly bins: readonly Bin[];
  readonly width: number;
  /** Timings beyond the last bin. They are pauses of the machine, and would squeeze all other bins together. */
  readonly beyond: number;
}

/**
 * Bins for the timings of both models, from the fastest one to just above the larger of the two 95th percentiles.
 * `count` bins; null when there is nothing to show.
 */
export function histogramOf(before: readonly number[], after: readonly number[], count = 32): Histogram | null {
  if (before.length === 0 || after.length === 0) return null;
  const low = Math.min(...before, ...after);
  const high = Math.max(quantile(before, 0.95), quantile(after, 0.95));
  // A spread of zero still needs a bin.
  const width = Math.max((1.02 * (high - low)) / count, low * 1e-3, 1e-6);
  const bins = Array.from({ length: count }, (_, i) => ({ from: low + i * width, before: 0, after: 0 }));
  let beyond = 0;
  const put = (samples: readonly number[], side: 'before' | 'after') => {
    for (const sample of samples) {
      const bin = bins[Math.floor((sample - low) / width)];
      if (bin) bin[side]++;
      else beyond++;
    }
  };
  put(before, 'before');
  put(after, 'after');
  return { bins, width, beyond };
}
