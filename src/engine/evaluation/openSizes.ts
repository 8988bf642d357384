import type { InputSpec } from './dataset';

/** A size for each dimension that the inputs leave open, by its name. */
export type Sizes = ReadonlyMap<string, number>;

export const SEQUENCE = 32;
const PAST = 16;
const HINTS: readonly (readonly [RegExp, number])[] = [
  [/past|cache/i, PAST],
  [/seq|token|len|time|frame|text|word/i, SEQUENCE],
  [/height|width|size|^[hw]$/i, 64],
  [/channel|^c$/i, 3],
];
export const hinted = (symbol: string): number | undefined => HINTS.find(([pattern]) => pattern.test(symbol))?.[1];

/** Longer text is taken for a name: reading it goes as deep as its parentheses do. */
const LONGEST = 1000;

/** "past_sequence_length + 1" in parts: names, whole numbers, operators; undefined for a plain name. */
function termsOf(size: string): string[] | undefined {
  if (size.length > LONGEST) return undefined;
  // A hyphen or a slash inside a name is no operator. Operators have a space or a number beside them.
  if (!/[*+(]|\s[-/]|[-/](\s|\d+$)/.test(size)) return undefined;
  const terms = size.match(/[\p{L}_][\p{L}\p{N}_.:]*|\d+|\/\/|[-+*/()]/gu);
  return terms?.join('') === size.replace(/\s/g, '') ? terms : undefined;
}

const isName = (term: string): boolean => /^[\p{L}_]/u.test(term);

/** Names in a dimension: of an expression, all that it is computed from. */
export const namesIn = (size: number | string): string[] =>
  typeof size === 'number' ? [] : (termsOf(size)?.filter(isName) ?? [size]);

/** The value of a dimension; undefined where a name in it has none, or where it cannot be read. */
export function evaluate(size: number | string, sizes: Sizes): number | undefined {
  if (typeof size === 'number') return size;
  const terms = termsOf(size);
  if (!terms) return sizes.get(size);
  let at = 0;
  const factor = (): number => {
    const term = terms[at++] ?? '';
    if (term === '(') {
      const inner = sum();
      at++;
      return inner;
    }
    return isName(term) ? (sizes.get(term) ?? Number.NaN) : Number.parseInt(term, 10);
  };
  const product = (): number => {
    let value = factor();
    while (terms[at] === '*' || terms[at]?.startsWith('/'))
      value = terms[at++] === '*' ? value * factor() : Math.floor(value / factor());
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (terms[at] === '+' || terms[at] === '-') value += terms[at++] === '+' ? product() : -product();
    return value;
  };
  const value = sum();
  return Number.isInteger(value) && at >= terms.length && value >= 0 ? value : undefined;
}

/** The dimension with the names that have a size replaced by it. */
export function substitute(size: number | string, sizes: Sizes): number | string {
  const known = evaluate(size, sizes);
  if (known !== undefined || typeof size === 'number') return known ?? size;
  return (
    termsOf(size)
      ?.map((term) => sizes.get(term) ?? term)
      .join(' ') ?? size
  );
}

/** Dimensions that have no size yet, and those that follow from others: what a cache holds and what is added to it. */
export interface OpenSizes {
  /** In the order in which inputs name them. */
  readonly free: ReadonlyMap<string, { readonly usual: number; readonly past: boolean }>;
  /** A name, and those whose sum it is. */
  readonly sums: ReadonlyMap<string, readonly (string | number)[]>;
}

/** `batch`: the dimension that counts samples, which has no size of its own. */
export function openSizes(inputs: readonly InputSpec[], batch: number | string | undefined): OpenSizes {
  const free = new Map<string, { usual: number; past: boolean }>();
  const total = totalOf(inputs, batch);
  for (const { shape } of inputs) {
    for (const [axis, size] of shape.entries()) {
      for (const name of namesIn(size)) {
        if (name === batch || total?.names.has(name) || free.has(name)) continue;
        free.set(name, { usual: hinted(name) ?? byRank(shape, axis), past: total?.terms.includes(name) ?? false });
      }
    }
  }
  // The tokens that are added to a cache are not in it yet.
  if (total) {
    const sequence = free.get(total.sequence);
    if (sequence) sequence.past = false;
  }
  return { free, sums: new Map([...(total?.names ?? [])].map((name) => [name, total!.terms])) };
}

/** Sizes of all names: of those given, else the usual ones; sums follow. */
export function complete({ free, sums }: OpenSizes, given: Sizes = new Map()): Map<string, number> {
  const sizes = new Map([...free].map(([name, { usual }]) => [name, given.get(name) ?? usual]));
  for (const [name, terms] of sums) {
    const sum = terms.reduce<number>(
      (all, term) => all + (typeof term === 'number' ? term : (sizes.get(term) ?? 0)),
      0,
    );
    sizes.set(name, sum);
  }
  return sizes;
}

/** What an encoder gave is attended to as it is, and grows by no token. */
const ENCODER = /encoder/i;

const isCache = ({ name, shape }: InputSpec): boolean => /past|cache|\bkey_values/i.test(name) && shape.length > 2;
const isOpenName = (size: number | string | undefined): size is string =>
  typeof size === 'string' && namesIn(size)[0] === size;

/**
 * The names that stand for all tokens, those in the cache and those that are fed: "total_sequence_length" as
 * onnxruntime-genai writes it, or whatever the mask of a model with a cache is as long as.
 */
function totalOf(inputs: readonly InputSpec[], batch: number | string | undefined) {
  const caches = inputs.filter(isCache);
  const isTokens = ({ name }: InputSpec) => !/mask|past|cache/i.test(name);
  const fed = inputs.filter((input) => isTokens(input) && input.shape.length >= 2 && !isCache(input));
  const tokens = fed.find(({ name }) => /ids|embed/i.test(name)) ?? fed[0];
  const sequence = tokens?.shape[1];
  if (caches.length === 0 || sequence === undefined) return undefined;
  const lengths = caches
    .flatMap(({ shape }) => shape.slice(1))
    .filter((size) => isOpenName(size) && size !== batch && !ENCODER.test(size));
  const past = lengths.find((size) => /past|cache|len|seq/i.test(String(size))) ?? lengths[0];
  const held = past ?? caches[0]!.shape.at(-2)!;
  const masks = inputs.filter(({ name, shape }) => /mask/i.test(name) && !ENCODER.test(name) && shape.length >= 2);
  const others = new Set(inputs.filter((input) => !masks.includes(input)).flatMap(({ shape }) => shape));
  const named = inputs.flatMap(({ shape }) => shape.filter((size) => isOpenName(size) && /total/i.test(size)));
  const names = new Set(
    [...named, ...masks.map(({ shape }) => shape.at(-1)!).filter((size) => !others.has(size))].filter(
      (size): size is string => isOpenName(size) && size !== sequence && size !== held && size !== batch,
    ),
  );
  return { names, terms: [held, sequence], sequence: String(sequence) };
}

function byRank(shape: readonly (number | string)[], axis: number): number {
  if (shape.length !== 4) return shape.length > 4 ? 16 : SEQUENCE;
  const last = shape[3];
  const channelsLast = typeof last === 'number' && last <= 4;
  return axis === 1 && !channelsLast ? 3 : 64;
}

/** Sizes to try where a graph refuses the usual ones: steps, tokens, then sides of pictures. */
const STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 48, 96, 192, 224, 320, 384, 640];
/** A cache may be empty. */
const PASTS = [0, ...STEPS.slice(0, 8)];

/** Sizes to try, the usual ones first: then one name after the other through the list, then all of them alike. */
export function* sizesToTry(open: OpenSizes): Generator<Map<string, number>> {
  const names = [...open.free.keys()];
  const tried = new Set<string>();
  const once = function* (sizes: Map<string, number>) {
    const key = [...sizes].join(';');
    if (!tried.has(key)) yield sizes;
    tried.add(key);
  };
  const stepsOf = (name: string) => (open.free.get(name)!.past ? PASTS : STEPS);
  yield* once(complete(open));
  // Height and width of a picture are tried as equal. The number of channels stays.
  const alike = names.filter((name) => !open.free.get(name)!.past && open.free.get(name)!.usual !== 3);
  if (alike.length > 1)
    for (const step of STEPS) yield* once(complete(open, new Map(alike.map((name) => [name, step]))));
  for (const name of names) for (const step of stepsOf(name)) yield* once(complete(open, new Map([[name, step]])));
}
