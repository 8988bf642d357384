import type { InputStatistics } from '../operators/statistics';

/** A channel with a larger |x| counts as an outlier, as in LLM.int8() (Dettmers et al., 2022). */
export const OUTLIER = 6;

/** How uneven a layer's input channels are, by the largest |x| of each on the calibration data. */
export interface OutlierReport {
  /** Rows of the input: tokens, or positions of a convolution's output. */
  readonly samples: number;
  readonly largest: number;
  readonly median: number;
  /** largest/median; absent where more than half of the channels are always zero. */
  readonly ratio?: number;
  /** Channels above `OUTLIER`, in order. */
  readonly channels: readonly { readonly channel: number; readonly largest: number }[];
}

/** The outliers among `channels` inputs. All taps of a convolution see the same channel, and count as one. */
export function outliersOf({ size, samples, largest }: InputStatistics, channels: number): OutlierReport | undefined {
  if (!largest) return undefined;
  const taps = size / channels;
  const most = Array.from({ length: channels }, (_, channel) =>
    largest.subarray(channel * taps, (channel + 1) * taps).reduce((a, b) => Math.max(a, b)),
  );
  const sorted = [...most].sort((a, b) => a - b);
  const median = (sorted[Math.floor((channels - 1) / 2)]! + sorted[Math.floor(channels / 2)]!) / 2;
  const top = sorted.at(-1)!;
  return {
    samples,
    largest: top,
    median,
    ...(median > 0 && { ratio: top / median }),
    channels: most.flatMap((value, channel) => (value > OUTLIER ? [{ channel, largest: value }] : [])),
  };
}
