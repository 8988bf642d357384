import type { EqualBytesReport } from '../../engine/page/light';
import { formatShare } from '../format';
import type { Stack } from '../state/types/stacks';

/**
 * How the line of a method looks. Colour never stands alone: the name is at the line's end, and lines of one colour
 * have different dashes.
 */
export interface Look {
  readonly colour: string;
  /** As in `stroke-dasharray`; absent: solid. */
  readonly dash?: string;
}

export interface Series {
  /** Of the line: the method, and how it looks at data. */
  readonly key: string;
  readonly title: string;
  readonly look: Look;
  /** By stored bytes as a share of the dense ones. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const COLOURS = ['var(--kept)', 'var(--second)', 'var(--third)', 'var(--fourth)', 'var(--quiet)'];

/** A share of the dense bytes. Halvings are written exactly down to a sixteenth: "50 %", "12.5 %", "6.25 %". */
export const formatSize = (share: number): string => formatShare(share, share < 0.1 ? 2 : share < 0.2 ? 1 : 0);

/** Chosen by how often the colours have been used, then by the variant of the method. */
const DASHES = [
  [undefined, '1.5 3', '9 3 2 3'],
  ['5 3', '5 3 1.5 3', '12 3'],
];

/** The look of a variant of a method, by their numbers. */
export function lookOf(method: number, variant: number): Look {
  const dashes = DASHES[Math.floor(method / COLOURS.length) % DASHES.length];
  const dash = dashes[variant % dashes.length];
  return { colour: COLOURS[method % COLOURS.length], ...(dash !== undefined && { dash }) };
}

/**
 * A line for each method that has a point, in the order in which methods are offered. A variant has the colour of its
 * method. Variants improve the output at the expense of the weight, and so they are drawn only where errors are of the
 * output.
 */
export function seriesOf({ points, denseBytes }: EqualBytesReport, of: 'weight' | 'output'): Series[] {
  const shown = points.filter(({ variant }) => of === 'output' || variant === undefined);
  const methods = [...new Set(points.map(({ method }) => method))];
  return [...new Set(shown.map(lineOf))].map((key) => {
    const own = shown.filter((point) => lineOf(point) === key);
    const [{ method, title }] = own;
    const at = methods.indexOf(method);
    const variant = [...new Set(points.filter((point) => point.method === method).map(lineOf))].indexOf(key);
    return {
      key,
      title,
      look: lookOf(at, variant),
      points: own
        .flatMap(({ bytes, error, outputError }) => {
          const y = of === 'output' ? outputError : error;
          return y === undefined ? [] : [{ x: bytes / denseBytes, y }];
        })
        .sort((a, b) => a.x - b.x),
    };
  });
}

export type EqualBytesPoint = EqualBytesReport['points'][number];

/** "Pruning, Wanda at 25 %" */
export const nameOf = ({ title, size }: EqualBytesPoint): string => `${title} at ${formatSize(size)}`;

/** What a cell says of its point besides error and bytes: where layers are dense, where a variant went without data. */
export function describeCell({ bytes, size, dense, blind }: EqualBytesPoint, report: EqualBytesReport): string[] {
  const all = report.layers.length;
  return [
    ...(bytes > size * report.denseBytes ? ['more than the size'] : []),
    ...(dense.length > 0 ? [`on ${all - dense.length} of ${all} layers`] : []),
    ...(blind.length > 0 ? [`${blind.length} without data`] : []),
  ];
}

/** The stack of each layer that a point changes, by id. */
export const stacksOf = ({ steps }: EqualBytesPoint): ReadonlyMap<string, Stack> =>
  new Map(
    steps.flatMap(({ layers, method, options }) => {
      const stack: Stack = [{ method, options: options as Stack[number]['options'] }];
      return layers.map((id) => [id, stack] as const);
    }),
  );

/** The key of the line that a point stands on. */
export const lineOf = ({ method, variant }: EqualBytesPoint): string =>
  variant === undefined ? method : `${method} ${variant}`;

/** Methods without any point, with the reasons, and the points that other methods lack. */
export function missingIn({ points, skipped, absent, sizes }: EqualBytesReport) {
  const drawn = new Set(points.map(({ title }) => title));
  const lines = [...new Set(skipped.map(({ title }) => title))].filter((title) => !drawn.has(title));
  return {
    lines: [
      ...lines.map((title) => {
        const largest = Math.max(...sizes);
        const own = skipped.filter((one) => one.title === title);
        return { title, reason: (own.find(({ size }) => size === largest) ?? own[0]).reason };
      }),
      ...absent,
    ],
    points: skipped.filter(({ title }) => drawn.has(title)),
  };
}

/** The smallest error that is drawn: smaller ones are rounding, and a logarithmic axis has no zero. */
const LEAST_ERROR = 1e-5;

/**
 * A logarithmic axis of errors: they range from rounding to the whole weight, and small ones must stay distinguishable.
 */
export interface ErrorAxis {
  readonly least: number;
  readonly most: number;
  /** Powers of ten; where only few are in range, also 2 and 5 times them. */
  readonly ticks: readonly number[];
}

export function errorAxis(errors: readonly number[]): ErrorAxis {
  const most = 1.1 * Math.max(...errors, 10 * LEAST_ERROR);
  const least = 0.8 * Math.max(LEAST_ERROR, Math.min(...errors, most));
  const steps = most / least > 40 ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: 8 }, (_, i) => i - 6).flatMap((power) => steps.map((step) => step * 10 ** power));
  return { least, most, ticks: ticks.filter((tick) => tick >= least && tick <= most) };
}

/** An error as the axis draws it. */
export const drawnError = (error: number): number => Math.max(LEAST_ERROR, error);

/** How far down an error stands, as a share of the axis. */
export const heightOf = (error: number, { least, most }: ErrorAxis): number =>
  Math.log(most / drawnError(error)) / Math.log(most / least);

/** Positions of labels beside what they name: as close as the `gap` between neighbours allows, within 0…`height`. */
export function placed(wanted: readonly number[], gap: number, height: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const at = new Array<number>(wanted.length);
  order.forEach((i, rank) => {
    at[i] = rank === 0 ? wanted[i] : Math.max(wanted[i], at[order[rank - 1]] + gap);
  });
  order.reverse().forEach((i, rank) => {
    at[i] = Math.min(at[i], rank === 0 ? height : at[order[rank - 1]] - gap);
  });
  return at;
}
