import { hashText } from '../../core/sha256';

/**
 * A size, or another whole number of a shape, as far as a graph tells: a factor times symbols, such as 3·N·T. Whatever
 * is fed, two of the same text are the same number in one run.
 */
export interface Size {
  readonly factor: number;
  /** Sorted. Those that begin with `?` may stand for any whole number; others for the size of a dimension. */
  readonly symbols: readonly string[];
}

export const known = (factor: number): Size => ({ factor, symbols: [] });

export const ONE = known(1);

/** The size of a dimension that only a run tells. */
export const dimension = (text: string): Size => ({ factor: 1, symbols: [bounded(text)] });

/** A whole number that only a run tells: it may be negative. */
export const unknown = (text: string): Size => ({ factor: 1, symbols: [`?${bounded(text)}`] });

/** Symbols are named after what they are computed from, which would grow without end along a graph. */
const LONGEST = 200;

const bounded = (text: string): string => (text.length <= LONGEST ? text : `#${hashText(text)}`);

export const textOf = ({ factor, symbols }: Size): string => [factor, ...symbols].join('·');

export const equal = (a: Size, b: Size): boolean => textOf(a) === textOf(b);

/** The number, where it has no symbol. */
export const numberOf = ({ factor, symbols }: Size): number | undefined => (symbols.length === 0 ? factor : undefined);

/** Whether it can only be the size of a dimension. */
export const isDimension = ({ factor, symbols }: Size): boolean =>
  factor >= 0 && symbols.every((symbol) => !symbol.startsWith('?'));

/** A product of more symbols than these is called by a name of its own. */
const MOST = 24;

export function times(a: Size, b: Size): Size {
  if (a.factor === 0 || b.factor === 0) return known(0);
  const factor = a.factor * b.factor;
  const symbols = [...a.symbols, ...b.symbols].sort();
  if (Number.isSafeInteger(factor) && symbols.length <= MOST) return { factor, symbols };
  // Beyond 2^53 two different numbers may look the same.
  const parts = [textOf(a), textOf(b)].sort().join('·');
  return isDimension(a) && isDimension(b) ? dimension(parts) : unknown(parts);
}

export const product = (sizes: readonly Size[]): Size => sizes.reduce(times, ONE);

/** a/b where it is a whole number whatever the symbols stand for. */
export function over(a: Size, b: Size): Size | undefined {
  if (b.factor === 0 || a.factor % b.factor !== 0) return undefined;
  const left = [...a.symbols];
  for (const symbol of b.symbols) {
    const at = left.indexOf(symbol);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return { factor: a.factor / b.factor, symbols: left };
}

/** a + b where it is a product again: 2·N + 3·N, or with a zero. */
export function plus(a: Size, b: Size): Size | undefined {
  if (a.factor === 0) return b;
  if (b.factor === 0) return a;
  if (a.symbols.join('·') !== b.symbols.join('·')) return undefined;
  const factor = a.factor + b.factor;
  if (!Number.isSafeInteger(factor)) return undefined;
  return factor === 0 ? known(0) : { factor, symbols: a.symbols };
}

/** `plus`, or a name for the sum: the same for the same parts. */
export const sum = (a: Size, b: Size): Size =>
  plus(a, b) ??
  (isDimension(a) && isDimension(b) ? dimension : unknown)(`(${[textOf(a), textOf(b)].sort().join('+')})`);
