import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import type { Dataset, Labels } from './dataset';

/** Parts of a data set. */

/**
 * `count` samples, or all where there are fewer. They are spread evenly from the first to the last: files are often
 * sorted by class, and their first samples would all be of one class.
 */
export function take(dataset: Dataset, count: number): Dataset {
  const { samples } = dataset;
  if (count >= samples) return dataset;
  return chosenOf(dataset, spread(samples, count));
}

/** As many positions as tell changes of some hundredths from noise: more samples where each holds few answers. */
const MOST_POSITIONS = 4096;
const [LEAST_SAMPLES, MOST_SAMPLES] = [32, 256];

/** How many samples many changes of one model are measured on, where the data have as many. */
export const enoughSamples = (labels: Labels | undefined): number =>
  Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.floor(MOST_POSITIONS / (labels?.perSample ?? 1))));

/** Share of the data, and most samples, that are kept apart to calibrate on. */
const CALIBRATION_SHARE = 0.25;
const MOST_CALIBRATION_SAMPLES = 256;

/**
 * Splits the data into samples for calibration, spread evenly, and the other samples for evaluation. The same data is
 * always split in the same way. Throws a UserError where there is only one sample.
 */
export function split(dataset: Dataset): { readonly calibration: Dataset; readonly evaluation: Dataset } {
  const { samples, name } = dataset;
  if (samples < 2)
    throw new UserError(`${name} holds one sample, but calibrating and evaluating need at least one each: add some.`);
  const count = Math.max(1, Math.min(MOST_CALIBRATION_SAMPLES, Math.floor(CALIBRATION_SHARE * samples)));
  const chosen = spread(samples, count);
  const apart = new Set(chosen);
  const others = Array.from({ length: samples }, (_, sample) => sample).filter((sample) => !apart.has(sample));
  return { calibration: chosenOf(dataset, chosen), evaluation: chosenOf(dataset, others) };
}

const spread = (samples: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.floor((index * samples) / count));

/** The samples with these numbers, in this order. */
export function chosenOf(dataset: Dataset, chosen: readonly number[]): Dataset {
  const { samples, fields, labels } = dataset;
  return {
    ...dataset,
    samples: chosen.length,
    of: dataset.of ?? samples,
    fields: fields.map((field) => ({ ...field, array: gather(field.array, chosen) })),
    ...(labels && { labels: { ...labels, ids: gatherIds(labels, chosen) } }),
  };
}

function gather({ type, dims, data }: HostTensor, chosen: readonly number[]): HostTensor {
  const width = dims.slice(1).reduce((product, size) => product * size, 1);
  // The stored type stays; `batches` converts it. Strings are the only kind of data that is not a typed array.
  const out = (Array.isArray(data) ? [] : data.slice(0, chosen.length * width)) as Float32Array;
  chosen.forEach((sample, row) => {
    for (let i = 0; i < width; i++) out[row * width + i] = (data as Float32Array)[sample * width + i];
  });
  return { type, dims: [chosen.length, ...dims.slice(1)], data: out };
}

function gatherIds({ ids, perSample }: Labels, chosen: readonly number[]): Int32Array {
  const rows = chosen.map((sample) => ids.subarray(sample * perSample, (sample + 1) * perSample));
  return Int32Array.from(rows.flatMap((row) => [...row]));
}
