import type { EqualBytesReport } from '../../worker/protocol';

/** How a method's line looks; never by colour alone: its name stands at its end, and every other turn is dashed. */
export interface Look {
  readonly colour: string;
  readonly dashed: boolean;
}

export interface Series {
  readonly method: string;
  readonly title: string;
  readonly look: Look;
  /** By stored bytes as a share of the dense ones. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const COLOURS = ['var(--kept)', 'var(--second)', 'var(--third)', 'var(--fourth)', 'var(--quiet)'];

/** A line for each method that has a point, in the order in which methods are offered. */
export function seriesOf({ points, denseBytes }: EqualBytesReport, of: 'weight' | 'output'): Series[] {
  const names = [...new Set(points.map(({ method }) => method))];
  return names.map((method, at) => {
    const own = points.filter((point) => point.method === method);
    return {
      method,
      title: own[0].title,
      look: { colour: COLOURS[at % COLOURS.length], dashed: Math.floor(at / COLOURS.length) % 2 === 1 },
      points: own
        .flatMap(({ bytes, error, outputError }) => {
          const y = of === 'output' ? outputError : error;
          return y === undefined ? [] : [{ x: bytes / denseBytes, y }];
        })
        .sort((a, b) => a.x - b.x),
    };
  });
}
