import { planned, type StoredArray, stored } from '../../stored';
import { bitmask } from './bitmask';
import { columns } from './columns';
import { deltas, STEP } from './deltas';
import { groups } from './groups';
import { type Census, cellsOf, type Grid, type Layout } from './layout';
import { ranks } from './ranks';

export const LAYOUTS = { columns, groups, deltas, bitmask, ranks } as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof LAYOUTS;

/** Which cells of a weight have values, in the layout that `chosenLayout` chose. */
export interface Places {
  readonly layout: LayoutName;
  readonly grid: Grid;
  /** Cells that are kept. With padding, `entries` cells have values. */
  readonly kept: number;
  readonly entries: number;
  readonly arrays: readonly StoredArray[];
  /** Set on a plan whose sizes depend on where the cells lie. */
  readonly estimated?: boolean;
}

/** What places are chosen for. */
export interface PlacesTarget {
  readonly grid: Grid;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** Bytes of one weight as it is stored at first. */
  readonly valueBytes: number;
}

export function censusOf(positions: Int32Array, { columns: across }: Grid): Census {
  let [most, steps, before, row, inRow] = [0, 0, 0, 0, 0];
  for (const position of positions) {
    steps += Math.max(0, Math.ceil((position - before) / STEP) - 1);
    before = position;
    if (position >= (row + 1) * across) {
      row = Math.floor(position / across);
      inRow = 0;
    }
    most = Math.max(most, ++inRow);
  }
  return { kept: positions.length, most, steps };
}

/**
 * The census of `kept` cells that are not known yet: equally many in every row where `sameInRows`, or at random places.
 * After each cell, and at the start, a gap is longer than k steps with probability (1−d)^(255k), where d is the share
 * of kept cells.
 */
export function expectedCensus(grid: Grid, kept: number, sameInRows: boolean): Census {
  const mean = kept / grid.rows;
  const most = sameInRows || grid.rows === 1 ? Math.ceil(mean) : fullest(grid, kept / cellsOf(grid));
  return { kept, most: Math.min(grid.columns, most), steps: Math.round(expectedSteps(grid, kept)) };
}

function expectedSteps(grid: Grid, kept: number): number {
  const share = kept / cellsOf(grid);
  const beyond = (1 - share) ** STEP;
  return share > 0 && share < 1 ? (kept * beyond) / (1 - beyond) : 0;
}

/**
 * The number of cells in the fullest of r rows: the mean of the largest of r normal numbers (a Gumbel distribution),
 * with the skew of a binomial distribution (Cornish and Fisher). Within 3 % of simulations for 2 to 1024 rows and means
 * of 6 or more, where √(2·ln r) standard deviations are 2–27 % too many.
 */
function fullest({ rows, columns }: Grid, share: number): number {
  const mean = share * columns;
  const deviation = Math.sqrt(mean * (1 - share));
  if (deviation === 0) return Math.ceil(mean);
  const a = Math.sqrt(2 * Math.log(rows));
  const away = a - (Math.log(Math.log(rows)) + Math.log(4 * Math.PI)) / (2 * a) + EULER / a;
  const skew = (1 - 2 * share) / deviation;
  return Math.max(Math.ceil(mean), Math.round(mean + deviation * (away + (skew * (away ** 2 - 1)) / 6)));
}

const EULER = 0.5772;

/** A layout that loads with less memory may store up to this many times as much as the smallest. */
const MORE = 1.02;

/**
 * The layout for a weight, the bytes that it stores, and the bytes while it is loaded. Among the layouts that store
 * about the fewest bytes (`MORE`) it is the one that takes least memory to load.
 */
export function chosenLayout({ grid, opset, valueBytes }: PlacesTarget, census: Census) {
  const able = (Object.entries(LAYOUTS) as [LayoutName, Layout][]).flatMap(([name, layout]) => {
    if (layout.opset > opset || !layout.fits(grid)) return [];
    const { entries, bytes } = sizesOf(layout, grid, valueBytes, census);
    const shared = Object.values(layout.sharedBytes(grid)).reduce((sum, each) => sum + each, 0);
    const shaping = layout.dims(grid).length === 1 ? 4 * cellsOf(grid) : 0;
    return [{ layout: name, entries, bytes, loadBytes: bytes + layout.rebuildBytes(grid, entries) + shared + shaping }];
  });
  const least = Math.min(...able.map(({ bytes }) => bytes));
  return able
    .filter(({ bytes }) => bytes <= MORE * least)
    .reduce((best, next) => (next.loadBytes < best.loadBytes ? next : best));
}

function sizesOf(layout: Layout, grid: Grid, valueBytes: number, census: Census) {
  const { entries, arrays } = layout.plan(grid, census);
  return { entries, bytes: arrays.reduce((sum, array) => sum + array.bytes, entries * grid.cell * valueBytes) };
}

/** A size that may be off by more than this factor is called an estimate. */
const NEAR = 1.01;

/** Places of a plan: `kept` cells, equally many in every row where `sameInRows`. */
export function plannedPlaces(target: PlacesTarget, kept: number, sameInRows: boolean): Places {
  const { grid, valueBytes } = target;
  const census = expectedCensus(grid, kept, sameInRows);
  const { layout } = chosenLayout(target, census);
  const { entries, arrays } = LAYOUTS[layout].plan(grid, census);
  const held = arrays.map(({ label, dims, dataType, bytes }) => planned(label, dims, dataType, bytes));
  // The extremes: rows filled evenly or some filled completely; no gap longer than a byte holds, or as many as two
  // standard deviations above the random number.
  const steps = expectedSteps(grid, kept);
  const most = sameInRows ? census.most : Math.min(grid.columns, kept);
  const bytesOf = (one: Census) => sizesOf(LAYOUTS[layout], grid, valueBytes, one).bytes;
  const least = bytesOf({ kept, most: Math.ceil(kept / grid.rows), steps: 0 });
  const estimated = bytesOf({ kept, most, steps: steps + 2 * Math.sqrt(steps) }) > NEAR * least;
  return { layout, grid, kept, entries, arrays: held, estimated };
}

/** Places of the cells at the rising `positions`. */
export function placesOf(target: PlacesTarget, positions: Int32Array, layout?: LayoutName): Places {
  const { grid } = target;
  const census = censusOf(positions, grid);
  const chosen = layout ?? chosenLayout(target, census).layout;
  const { entries, arrays } = LAYOUTS[chosen].plan(grid, census);
  const encoded = LAYOUTS[chosen].encode(positions, grid, census);
  const held = arrays.map(({ label, dims, dataType }, i) => stored(label, dims, dataType, encoded[i]!));
  return { layout: chosen, grid, kept: census.kept, entries, arrays: held };
}

export async function positionsOf({ layout, arrays, grid, entries }: Places): Promise<Int32Array<ArrayBuffer>> {
  return LAYOUTS[layout].decode(await Promise.all(arrays.map((array) => array.read())), grid, entries);
}
