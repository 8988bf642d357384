import { byteLimit, type SearchPoint, type SearchReport } from '../../engine/page/light';
import type { BytesDot, ChartAxis } from '../charts/BytesChart';
import { logarithmicTicks } from '../charts/ticks';
import { reachOf } from './describe';

/** A dot of the chart; `value` are points gained, which are mostly negative. */
export interface SearchDot extends BytesDot {
  /** Undefined for the original. */
  readonly point?: SearchPoint;
  /** Where the 95 % interval ends, as distances from `value`. */
  readonly spread?: readonly [below: number, above: number];
}

export interface SearchAxes {
  readonly bytes: ChartAxis;
  readonly value: ChartAxis;
  /** The goal's limits, where it has some. */
  readonly limits: { readonly bytes?: number; readonly value?: number };
}

/** Points lost that get a tick. */
const LOSSES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
const MOST_TICKS = 6;

/**
 * Bytes on a logarithmic axis, from the smallest dot to the original. Losses on an axis of square roots: recipes that
 * lose one point must be told apart beside others that lose fifty.
 */
export function axesOf({ goal, originalBytes, points }: SearchReport): SearchAxes {
  const allowed = byteLimit(goal, originalBytes);
  const limit = Number.isFinite(allowed) ? allowed : undefined;
  const mostLost = goal.maxLoss === undefined ? undefined : -100 * goal.maxLoss;
  const sizes = [originalBytes, ...points.map(({ bytes }) => bytes), ...(limit === undefined ? [] : [limit])];
  const [least, most] = [0.85 * Math.min(...sizes), 1.15 * Math.max(...sizes)];
  const values = [0, ...points.map(({ loss }) => -100 * loss.mean), ...(mostLost === undefined ? [] : [mostLost])];
  const low = Math.min(-0.2, 1.15 * Math.min(...values));
  const high = Math.max(-0.02 * low, 1.3 * Math.max(...values));
  return {
    bytes: { domain: [least, most], ticks: logarithmicTicks(least, most), scale: 'log' },
    value: { domain: [low, high], ticks: lossTicks(low), scale: 'sqrt' },
    limits: {
      ...(limit !== undefined && { bytes: limit }),
      ...(mostLost !== undefined && { value: mostLost }),
    },
  };
}

/** 0, and the largest losses in sight; small ones would lie on each other. */
function lossTicks(low: number): number[] {
  const inSight = LOSSES.filter((loss) => loss <= -low && loss >= -low / 200);
  return [0, ...inSight.slice(-MOST_TICKS).map((loss) => -loss)];
}

export function dotsOf({ points, originalBytes, samples }: SearchReport, { value }: SearchAxes): SearchDot[] {
  const [low, high] = value.domain;
  const dots = points.map((point) => {
    const at = -100 * point.loss.mean;
    const reach = reachOf(point.loss, samples.search);
    // A bar ends with the chart.
    const spread =
      reach === undefined ? {} : { spread: [Math.min(reach, at - low), Math.min(reach, high - at)] as const };
    return { bytes: point.bytes, value: at, point, ...spread };
  });
  return [{ bytes: originalBytes, value: 0 }, ...dots];
}

/** The dots that no smaller one equals in loss, by size; the original may be the last of them. */
export function frontOf(dots: readonly SearchDot[]): SearchDot[] {
  const front: SearchDot[] = [];
  for (const dot of dots.toSorted((a, b) => a.bytes - b.bytes || b.value - a.value)) {
    const last = front.at(-1);
    if (!last || dot.value > last.value) front.push(dot);
  }
  return front;
}

/** Ids of the recipes on the front. */
export const frontIds = ({ points }: Pick<SearchReport, 'points'>): ReadonlySet<number> =>
  new Set(
    frontOf(points.map((point) => ({ bytes: point.bytes, value: -point.loss.mean, point }))).map(
      ({ point }) => point!.id,
    ),
  );
