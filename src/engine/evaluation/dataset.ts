import { UserError } from '../core/errors';
import type { ElementType, HostTensor, TensorData } from '../runtime';
import { allocate, checkConvertible, checkFeedable, convert, toNumbers } from './convert';
import type { DataReport } from './report';

/** An input as the model declares it. */
export interface InputSpec {
  readonly name: string;
  readonly type: ElementType;
  /** Numbers are fixed dimensions, strings name symbolic ones. */
  readonly shape: readonly (number | string)[];
  /** The model declares no shape at all: any array with samples along its first axis will do. */
  readonly unranked?: boolean;
  /** For integer inputs used as indices into a table: its number of rows. */
  readonly rows?: number;
  /** The one number that the graph compares the input with, such as a sample rate. */
  readonly compared?: number;
}

/** Shapes by the names of inputs. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Samples for a model's inputs, held as they were stored; `batches` slices and converts them. */
export interface Dataset {
  readonly name: string;
  readonly samples: number;
  /** Samples of the data that this is a part of. */
  readonly of?: number;
  /** Made by `generateDataset`, for want of data. */
  readonly generated: boolean;
  /** Of generated data: the shape of each input in a run of one sample, or of the number that the model fixes. */
  readonly shapes?: Shapes;
  readonly fields: readonly Field[];
  readonly labels?: Labels;
}

export interface Field {
  readonly input: InputSpec;
  /** Samples along axis 0. */
  readonly array: HostTensor;
  /** The array has one axis more than the input: each sample is a whole input, so a run takes one sample. */
  readonly stacked: boolean;
}

export interface Labels {
  /** One class id per sample, or one per position of every sample. */
  readonly kind: 'class' | 'position';
  readonly perSample: number;
  /** Class ids, [samples · perSample]; `IGNORED` ones do not count. */
  readonly ids: Int32Array;
}

/** The label of a position that does not count, as in the training frameworks. */
export const IGNORED = -100;

export interface Batch {
  /** First sample, and how many count. */
  readonly start: number;
  readonly samples: number;
  /** Samples fed: more than `samples` where a fixed batch dimension was filled up with copies of the last one. */
  readonly fed: number;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  readonly labels?: Int32Array;
}

/**
 * Matches the arrays of an .npz with a model's inputs, by name. An array has the input's shape with samples along
 * axis 0; one axis more means that each sample is a whole input. `labels` are [n] class ids or [n, t…] per position.
 * Other arrays are left alone. Throws a UserError that says what was expected and what was found.
 */
export function openDataset(
  arrays: ReadonlyMap<string, HostTensor>,
  inputs: readonly InputSpec[],
  name: string,
): Dataset {
  const missing = inputs.filter((input) => !arrays.has(input.name));
  if (missing.length > 0) {
    const found = [...arrays].map(([array, tensor]) => `"${array}" ${tensor.type} ${list(tensor.dims)}`).join(', ');
    throw new UserError(
      `${name} must hold ${missing.length > 1 ? 'arrays' : 'an array'} named like the model's inputs, ${missing.map(describe).join(', ')}; it holds ${found}.`,
    );
  }
  const fields = inputs.map((input) => openField(input, arrays.get(input.name)!, name));
  const samples = fields[0]?.array.dims[0] ?? 0;
  const odd = fields.find(({ array }) => array.dims[0] !== samples);
  if (odd) {
    throw new UserError(
      `${name} has ${samples} samples in "${fields[0].input.name}" but ${odd.array.dims[0]} in "${odd.input.name}": all arrays need the same number along their first axis.`,
    );
  }
  if (samples === 0)
    throw new UserError(`${name} holds no samples: its arrays need at least one along the first axis.`);
  const labels = inputs.some((input) => input.name === 'labels') ? undefined : arrays.get('labels');
  const dataset = {
    name,
    samples,
    generated: false,
    fields,
    ...(labels && { labels: openLabels(labels, samples, name) }),
  };
  fixedBatch(dataset);
  return dataset;
}

function openField(input: InputSpec, array: HostTensor, name: string): Field {
  checkFeedable(input);
  const { shape } = input;
  if (input.unranked && array.dims.length > 0) return { input, array, stacked: false };
  const stacked = array.dims.length === shape.length + 1;
  const perSample = stacked ? shape : shape.slice(1);
  const fits =
    (stacked || (array.dims.length === shape.length && shape.length > 0)) &&
    perSample.every((size, axis) => typeof size === 'string' || size === array.dims[axis + 1]);
  if (!fits) {
    const wanted = ['samples', ...(shape.length > 0 ? shape.slice(1) : [])];
    throw new UserError(
      `Array "${input.name}" in ${name} has shape ${list(array.dims)}, but the model needs ${list(wanted)}.`,
    );
  }
  checkConvertible(array, input.type, `Array "${input.name}" in ${name}`);
  return { input, array, stacked };
}

function openLabels(array: HostTensor, samples: number, name: string): Labels {
  if (array.dims.length === 0 || array.dims[0] !== samples) {
    throw new UserError(
      `Array "labels" in ${name} has shape ${list(array.dims)}, but ${samples} samples need [${samples}] class ids or [${samples}, positions].`,
    );
  }
  checkConvertible(array, 'int32', `Array "labels" in ${name}`);
  const ids = Int32Array.from(toNumbers(array));
  const bad = ids.findIndex((id) => id < 0 && id !== IGNORED);
  if (bad >= 0) {
    throw new UserError(
      `Array "labels" in ${name} holds ${ids[bad]} at element ${bad}: class ids start at 0, and ${IGNORED} marks what does not count.`,
    );
  }
  return { kind: array.dims.length === 1 ? 'class' : 'position', perSample: ids.length / samples, ids };
}

/** Samples that every run must take, or undefined where the model leaves it open. */
export function fixedBatch({ fields, name }: Pick<Dataset, 'fields' | 'name'>): number | undefined {
  const sizes = new Map<number, string>();
  for (const { input, stacked } of fields) {
    const size = stacked ? 1 : input.shape[0];
    // An input without elements takes any number of samples.
    if (typeof size === 'number' && size > 0 && !sizes.has(size)) sizes.set(size, input.name);
  }
  if (sizes.size > 1) {
    const wanted = [...sizes].map(([size, input]) => `"${input}" takes ${size}`).join(', ');
    throw new UserError(
      `${name} does not fit: ${wanted} samples a run, but a run must take as many of every input; give the arrays one axis more, samples first.`,
    );
  }
  const [size] = sizes.keys();
  if (size !== undefined && size > LARGEST_BATCH) {
    throw new UserError(
      `${name} cannot be run: "${sizes.get(size)}" takes ${size} samples a run, more than any machine holds; export the model with its first dimension left open.`,
    );
  }
  return size;
}

/** A batch is filled up to what the model declares; from here on that is a fault of the model. */
const LARGEST_BATCH = 2 ** 24;

/**
 * `count` samples (or all, where there are fewer), spread evenly from the first to the last: files are often sorted by
 * class, and their beginning would be one class only.
 */
export function take(dataset: Dataset, count: number): Dataset {
  const { samples } = dataset;
  if (count >= samples) return dataset;
  return chosenOf(dataset, spread(samples, count));
}

/** Share of the data, and most samples, that are kept apart to calibrate on. */
const CALIBRATION_SHARE = 0.25;
const MOST_CALIBRATION_SAMPLES = 256;

/**
 * The data in two: samples to calibrate on, spread evenly, and the others, on which what was calibrated is then evaluated.
 * The same data is always split alike. Throws a UserError where there is one sample only.
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

function chosenOf(dataset: Dataset, chosen: readonly number[]): Dataset {
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
  // Of the stored type, which `batches` converts: strings are the one kind of data that is no typed array.
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

/** Slices of `size` samples (or of the model's fixed batch), as feeds of the declared types. */
export function* batches(dataset: Dataset, size: number): Generator<Batch> {
  const fixed = fixedBatch(dataset);
  const step = fixed ?? Math.max(1, Math.floor(size));
  for (let start = 0; start < dataset.samples; start += step) {
    const samples = Math.min(step, dataset.samples - start);
    const fed = fixed ?? samples;
    const feeds = Object.fromEntries(
      dataset.fields.map((field) => [field.input.name, feed(field, start, samples, fed)]),
    );
    const { labels } = dataset;
    const ids = labels?.ids.subarray(start * labels.perSample, (start + samples) * labels.perSample);
    yield { start, samples, fed, feeds, ...(ids && { labels: ids }) };
  }
}

function feed({ input, array, stacked }: Field, start: number, samples: number, fed: number): HostTensor {
  const inner = array.dims.slice(1);
  const width = inner.reduce((product, size) => product * size, 1);
  const slice = { ...array, data: array.data.slice(start * width, (start + samples) * width) as TensorData };
  const data = convert(slice, input.type);
  const dims = stacked ? inner : [fed, ...inner];
  return { type: input.type, dims, data: fed === samples ? data : padded(data, input.type, width, fed) };
}

function padded(data: TensorData, type: ElementType, width: number, fed: number): TensorData {
  const out = allocate(type, fed * width) as Float32Array;
  const values = data as Float32Array;
  out.set(values);
  for (let at = values.length; at < out.length; at += width) out.set(values.subarray(values.length - width), at);
  return out;
}

export function reportDataset({ name, samples, generated, labels, shapes }: Dataset): DataReport {
  return {
    name,
    samples,
    labelled: labels !== undefined,
    generated,
    ...(shapes && { shapes }),
    ...(labels && { labels: labels.kind }),
  };
}

const list = (dims: readonly (number | string)[]): string =>
  `[${dims.map((size) => (size === '' ? '?' : size)).join(', ')}]`;

const describe = ({ name, type, shape }: InputSpec): string =>
  `"${name}" ${type} ${list(['samples', ...shape.slice(1)])}`;
