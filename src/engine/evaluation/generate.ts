import { UserError } from '../errors';
import { type Random, seeded } from '../random';
import { checkFeedable, fromNumbers, isFloat } from './convert';
import { type Dataset, type Field, fixedBatch, type InputSpec } from './dataset';

export interface GenerateOptions {
  /** As many as fit 32 MB, at most 32, where it is left out. */
  readonly samples?: number;
  readonly seed?: number;
}

const BUDGET = 32 * 2 ** 20;

/**
 * Inputs from declared types and shapes, for want of data; the same seed gives the same values.
 *
 * - floats: N(0, 1); masks: all ones
 * - integers: uniform among the `rows` of the table they index, else uint8 0…255 and other types 0 or 1; by name,
 *   positions count up, token types are zero, masks are all ones, lengths are the sequence's length
 * - bool: true
 * - symbolic dimensions: the batch takes the samples; other ones have one size per name, by what the name says:
 *   sequences 32, cached positions 16, height and width 64, channels 3; unnamed ones by rank (images 64, else 32)
 *
 * Throws a UserError for inputs of text, of types that cannot be fed, and without a declared shape.
 */
export function generateDataset(inputs: readonly InputSpec[], options: GenerateOptions = {}): Dataset {
  const text = inputs.find((input) => input.type === 'string');
  if (text) throw new UserError(`Input "${text.name}" takes text, which cannot be made up: open data for it.`);
  for (const input of inputs) checkFeedable(input);
  const open = inputs.find((input) => input.unranked);
  if (open) throw new UserError(`Input "${open.name}" declares no shape, so none can be made up: open data for it.`);
  const shapes = inputs.map((input) => sampleShape(input, inputs));
  const bytes = shapes.reduce((sum, { dims }) => sum + 4 * count(dims), 0);
  const samples = options.samples ?? Math.max(4, Math.min(32, Math.floor(BUDGET / Math.max(1, bytes))));
  const random = seeded(options.seed ?? 1);
  const fields = inputs.map((input, index): Field => {
    const { dims, stacked } = shapes[index];
    const fill = filler(input, dims, random);
    const values = new Float64Array(samples * count(dims));
    for (let element = 0; element < values.length; element++) values[element] = fill(element);
    return {
      input,
      array: { type: input.type, dims: [samples, ...dims], data: fromNumbers(values, input.type) },
      stacked,
    };
  });
  const dataset = { name: 'generated', samples, generated: true, fields };
  fixedBatch(dataset);
  return dataset;
}

function filler(
  { name, type, rows, shape }: InputSpec,
  dims: readonly number[],
  random: Random,
): (at: number) => number {
  if (type === 'bool' || /mask/i.test(name)) return () => 1;
  if (isFloat(type)) return () => random.normal();
  if (/position/i.test(name)) {
    const length = dims.at(-1) ?? 1;
    return (element) => (element % length) % (rows ?? length);
  }
  if (/token_?type|segment/i.test(name)) return () => 0;
  if (rows !== undefined) return () => random.below(rows);
  if (/len(gth)?s?$/i.test(name)) return () => SEQUENCE;
  if (type === 'uint8' && shape.length >= 3) return () => random.below(256);
  return () => random.below(2);
}

/** Dimensions of one sample, and whether it is a whole input because the input has no batch axis. */
function sampleShape(input: InputSpec, inputs: readonly InputSpec[]): { dims: number[]; stacked: boolean } {
  const batch = batchDimension(inputs);
  const stacked = !isBatch(input, batch, inputs);
  const dims = input.shape.map((size, axis) => (size === batch && isNamed(size) ? 1 : sizeOf(input, axis)));
  return { dims: stacked ? dims : dims.slice(1), stacked };
}

// Exporters call it many names; failing those, it is what most inputs begin with.
function batchDimension(inputs: readonly InputSpec[]): number | string | undefined {
  const firsts = inputs.flatMap(({ shape }) => shape.slice(0, 1));
  const named = firsts.find((size) => typeof size === 'string' && /batch|^(n|b|bs)$/i.test(size));
  const votes = (size: number | string) => firsts.filter((other) => other === size).length;
  return named ?? [...firsts].sort((a, b) => votes(b) - votes(a))[0];
}

function isBatch({ shape }: InputSpec, batch: number | string | undefined, inputs: readonly InputSpec[]): boolean {
  const first = shape[0];
  if (first === batch) return first !== undefined;
  // Some exporters give every batch dimension a name of its own ("unk__1"); a sequence's name is found elsewhere too.
  const elsewhere = (symbol: string) => isNamed(symbol) && inputs.some(({ shape }) => shape.indexOf(symbol, 1) > 0);
  return typeof first === 'string' && !hinted(first) && !elsewhere(first);
}

// Nameless dimensions have nothing to do with each other.
const isNamed = (size: number | string): size is string => typeof size === 'string' && !['', '?'].includes(size);

const SEQUENCE = 32;
const HINTS: readonly (readonly [RegExp, number])[] = [
  [/past|cache/i, 16],
  [/seq|token|len|time|frame|text|word/i, SEQUENCE],
  [/height|width|size|^[hw]$/i, 64],
  [/channel|^c$/i, 3],
];
const hinted = (symbol: string): number | undefined => HINTS.find(([pattern]) => pattern.test(symbol))?.[1];

function sizeOf({ shape }: InputSpec, axis: number): number {
  const size = shape[axis];
  if (typeof size === 'number') return size;
  // "past_sequence_length + 1"
  const terms = size.split('+').map((term) => term.trim());
  const sizes = terms.map((term) => (/^\d+$/.test(term) ? Number(term) : hinted(term)));
  if (sizes.every((term) => term !== undefined)) return sizes.reduce<number>((sum, term) => sum + term, 0);
  if (shape.length !== 4) return shape.length > 4 ? 16 : 32;
  const last = shape[3];
  const channelsLast = typeof last === 'number' && last <= 4;
  return axis === 1 && !channelsLast ? 3 : 64;
}

const count = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);
