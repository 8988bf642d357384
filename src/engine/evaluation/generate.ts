import { UserError } from '../core/errors';
import { type Random, seeded } from '../core/random';
import { checkFeedable, fromNumbers, isFloat } from './convert';
import { type Dataset, type Field, fixedBatch, type InputSpec } from './dataset';
import { complete, evaluate, hinted, namesIn, openSizes, SEQUENCE, type Sizes } from './openSizes';

export interface GenerateOptions {
  /** By default as many as fit 32 MB, at most 32. */
  readonly samples?: number;
  readonly seed?: number;
  /** Sizes of dimensions that inputs leave open, by name. By default the usual sizes. */
  readonly sizes?: Sizes;
  /** The value of whole numbers whose meaning the graph does not show, in place of 0 and 1. */
  readonly unknown?: number;
  /** The most numbers of one input, all samples together; 2^28 by default. */
  readonly largest?: number;
}

const BUDGET = 32 * 2 ** 20;

/** Numbers of one input, all samples together. */
const LARGEST = 2 ** 28;

/**
 * Makes up inputs from declared types and shapes, where there is no data. The same seed gives the same values.
 *
 * - floats: N(0, 1); masks: all ones
 * - integers: uniform among the `rows` of the table that they index, else 0…255 for uint8 and 0 or 1 for other types.
 *   An integer that the graph compares with a number is that number. Some names decide: positions continue after the
 *   cached ones, token types are zero, masks are all ones, lengths are the length of the sequence, sample rates are
 *   16,000
 * - bool: true
 * - symbolic dimensions: the batch has the number of samples. All others have one size per name, which the name
 *   suggests: sequences 32, cached positions 16, both together their sum, height and width 64, channels 3. The rank
 *   decides for dimensions without a name: images 64, else 32
 *
 * Throws a UserError for inputs of text, inputs of types that cannot be fed, inputs without a declared shape, and
 * inputs of more than 2^28 numbers.
 */
export function generateDataset(declared: readonly InputSpec[], options: GenerateOptions = {}): Dataset {
  const inputs = declared.map(withNames);
  const text = inputs.find((input) => input.type === 'string');
  if (text) throw new UserError(`Input "${text.name}" takes text, which cannot be made up: open data for it.`);
  for (const input of inputs) checkFeedable(input);
  const open = inputs.find((input) => input.unranked);
  if (open)
    throw new UserError(
      `Input "${open.name}" declares no shape, so none can be made up: open data for it, or say one.`,
    );
  const sizes = options.sizes ?? complete(openSizes(inputs, batchDimension(inputs)));
  const shapes = sampleShapes(inputs, sizes);
  const bytes = shapes.reduce((sum, { dims }) => sum + 4 * count(dims), 0);
  const most = inputs.length === 0 ? 1 : Math.max(4, Math.min(32, Math.floor(BUDGET / Math.max(1, bytes))));
  const samples = options.samples ?? most;
  const large = inputs.find(({ shape: [first] }, index) => {
    const rows = typeof first === 'number' ? first : 1;
    return count(shapes[index]!.dims) * Math.max(samples, rows) > (options.largest ?? LARGEST);
  });
  if (large) {
    throw new UserError(
      `Input "${large.name}" takes [${large.shape.join(', ')}] numbers, too many to make up: open data for it, or say smaller sizes.`,
    );
  }
  const random = seeded(options.seed ?? 1);
  const lengths = lengthsOf(inputs, sizes);
  const fields = inputs.map((input, index): Field => {
    const { dims, stacked } = shapes[index]!;
    const fill = filler(input, dims, random, { ...lengths, unknown: options.unknown });
    const values = new Float64Array(samples * count(dims));
    for (let element = 0; element < values.length; element++) values[element] = fill(element);
    return {
      input,
      array: { type: input.type, dims: [samples, ...dims], data: fromNumbers(values, input.type) },
      stacked,
    };
  });
  const alone = (field: Field): readonly number[] =>
    field.stacked ? field.array.dims.slice(1) : [fixedBatch({ fields, name: '' }) ?? 1, ...field.array.dims.slice(1)];
  const stated = Object.fromEntries(fields.map((field) => [field.input.name, alone(field)]));
  return { name: 'generated', samples, generated: true, fields, shapes: stated };
}

interface Lengths {
  /** Of what is fed, in tokens or steps. */
  readonly sequence: number;
  /** What a cache holds. */
  readonly past: number;
  /** By input: the size of its longest open dimension. */
  readonly of: ReadonlyMap<string, number>;
}

function filler(
  { name, type, rows, compared, shape }: InputSpec,
  dims: readonly number[],
  random: Random,
  { sequence, past, of, unknown }: Lengths & { readonly unknown: number | undefined },
): (at: number) => number {
  if (isFloat(type) && !/mask/i.test(name)) return () => random.normal();
  if (type === 'bool' || /mask/i.test(name)) return () => 1;
  if (/position/i.test(name)) {
    const length = dims.at(-1) ?? 1;
    return (element) => (past + (element % Math.max(1, length))) % Math.max(1, rows ?? Number.POSITIVE_INFINITY);
  }
  if (/token_?type|segment/i.test(name)) return () => 0;
  if (rows !== undefined) return () => random.below(Math.max(1, rows));
  if (compared !== undefined && count(dims) === 1) return () => compared;
  if (SAMPLE_RATE.test(name)) return () => 16_000;
  if (/seqlens_k/i.test(name)) return () => past + sequence - 1;
  if (/total.*len/i.test(name)) return () => past + sequence;
  const owner = LENGTH.exec(name)?.[1];
  if (owner !== undefined) return () => of.get(owner) ?? sequence;
  if (unknown !== undefined) return () => unknown;
  if (type === 'uint8' && shape.length >= 3) return () => random.below(256);
  return () => random.below(2);
}

const SAMPLE_RATE = /^(sr|sample_?rate|sampling_?rate)$/i;
/** "x_lengths": how long "x" is. */
const LENGTH = /^(.*?)[._]?len(?:gth)?s?$/i;

function lengthsOf(inputs: readonly InputSpec[], sizes: Sizes): Lengths {
  const open = openSizes(inputs, batchDimension(inputs));
  const past = [...open.free].find(([, { past }]) => past)?.[0];
  const fed = [...open.free.keys()].find((name) => name !== past && (hinted(name) ?? 0) === SEQUENCE);
  const longest = ({ shape }: InputSpec) =>
    Math.max(...shape.slice(1).map((size) => (typeof size === 'string' ? (evaluate(size, sizes) ?? 0) : 0)), 0);
  const of = inputs.map((input) => [input.name, longest(input) || (input.shape.at(-1) as number)] as const);
  return {
    sequence: (fed === undefined ? undefined : sizes.get(fed)) ?? SEQUENCE,
    past: (past === undefined ? undefined : sizes.get(past)) ?? 0,
    of: new Map(of.filter(([, length]) => length > 0)),
  };
}

/** Dimensions of one sample of each input, and whether it is a whole input because the input has no batch axis. */
function sampleShapes(inputs: readonly InputSpec[], sizes: Sizes): { dims: number[]; stacked: boolean }[] {
  const batch = batchDimension(inputs);
  const shapes = inputs.map((input) => {
    const stacked = !isBatch(input, batch, inputs);
    const dims = input.shape.map((size) =>
      size === batch && typeof size === 'string' ? 1 : (evaluate(size, sizes) ?? SEQUENCE),
    );
    return { dims, stacked, fixed: typeof input.shape[0] === 'number' ? input.shape[0] : undefined };
  });
  // A run takes one sample where any input is a whole one, or where inputs differ in how many they take.
  const taken = new Set(shapes.flatMap(({ stacked, fixed }) => (stacked ? [1] : fixed === undefined ? [] : [fixed])));
  const one = taken.size > 1;
  return shapes.map(({ dims, stacked, fixed }) =>
    stacked || (one && fixed !== undefined && fixed !== 1)
      ? { dims, stacked: true }
      : { dims: dims.slice(1), stacked: false },
  );
}

/**
 * The dimension that counts samples: exporters call it many names; failing those, it is what most inputs begin with.
 */
export function batchDimension(inputs: readonly InputSpec[]): number | string | undefined {
  const firsts = inputs.flatMap(({ shape }) => shape.slice(0, 1)).filter((size) => size !== 0);
  const named = firsts.find((size) => typeof size === 'string' && /batch|^(n|b|bs)$/i.test(size));
  const votes = (size: number | string) => firsts.filter((other) => other === size).length;
  return named ?? [...firsts].sort((a, b) => votes(b) - votes(a))[0];
}

/** Nameless dimensions have nothing to do with each other: each gets a name of its own. */
export const withNames = (input: InputSpec): InputSpec => ({
  ...input,
  shape: input.shape.map((size, axis) => (size === '' || size === '?' ? `${input.name}.${axis}` : size)),
});

function isBatch(
  { name, shape }: InputSpec,
  batch: number | string | undefined,
  inputs: readonly InputSpec[],
): boolean {
  const first = shape[0];
  if (first === batch || first === `${name}.0`) return first !== undefined;
  // Some exporters give every batch dimension a name of its own ("unk__1"); a sequence's name is found elsewhere too.
  const elsewhere = (symbol: string) => inputs.some(({ shape }) => shape.indexOf(symbol, 1) > 0);
  return typeof first === 'string' && namesIn(first)[0] === first && !hinted(first) && !elsewhere(first);
}

const count = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);
