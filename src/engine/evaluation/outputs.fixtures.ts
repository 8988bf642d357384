import type { HostTensor } from '../runtime';
import type { Batch, Labels } from './dataset';

/** An output of a model, as tests write it. */
export const output = (dims: number[], values: ArrayLike<number>): HostTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(values),
});

/** A run of so many samples, fed with nothing. */
export const batchOf = (samples: number, { labels, start = 0, fed = samples }: Partial<Run> = {}): Batch => ({
  start,
  samples,
  fed,
  feeds: {},
  ...(labels && { labels: labels.ids }),
});

interface Run {
  readonly labels: Labels;
  readonly start: number;
  readonly fed: number;
}
