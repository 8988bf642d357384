import { UserError } from '../core/errors';
import type { ElementType, HostTensor, TensorData } from '../runtime';
import { allocate, convert } from './convert';
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
  /** Of labels per position: each is the token that the input holds at the next position. */
  readonly isNextToken?: boolean;
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
