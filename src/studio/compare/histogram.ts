import { quantile } from '../../engine/page/light';

/** A bin of two interleaved timings: how many samples of each fall into [from, from + width), in ms. */
export interface Bin {
  readonly from: number;
  readonly before: number;
  readonly after: number;
}

export interface Histogram {
  readonly bins: readonly Bin[];
  readonly width: number;
  /** Samples beyond the last bin: pauses of the machine, which would squeeze all else to a line. */
  readonly beyond: number;
}

/**
 * Common bins for both timings, from the fastest sample to just above the slower of their 95th percentiles.
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
