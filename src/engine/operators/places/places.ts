import { planned, type StoredArray, stored } from '../stored';
import { bitmask } from './bitmask';
import { columns } from './columns';
import { deltas, STEP } from './deltas';
import { groups } from './groups';
import { type Census, cellsOf, type Grid, type Layout } from './layout';
import { ranks } from './ranks';

export const LAYOUTS = { columns, groups, deltas, bitmask, ranks } as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof LAYOUTS;

/** Which cells of a weight have values, in the layout that `chosenLayout` takes. */
export interface Places {
  readonly layout: LayoutName;
  readonly grid: Grid;
  /** Cells that are kept; with padding, `entries` cells have values. */
  readonly kept: number;
  readonly entries: number;
  readonly arrays: readonly StoredArray[];
}

/** What the places of a plan, or of a weight, are chosen for. */
export interface PlacesTarget {
  readonly grid: Grid;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** Of one weight, as it is stored at first. */
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
 * What `kept` cells would have: `rowKept` in every row, or places drawn at random. After each of them, and at the start,
 * a gap goes beyond k steps with probability (1−d)^(255k), d being the share that is kept; of r rows the fullest has
 * √(2·ln r) standard deviations more than the mean.
 */
export function expectedCensus(grid: Grid, kept: number, sameInRows: boolean): Census {
  const share = kept / cellsOf(grid);
  const beyond = (1 - share) ** STEP;
  const steps = share > 0 && share < 1 ? Math.round((kept * beyond) / (1 - beyond)) : 0;
  const mean = kept / grid.rows;
  const spread = sameInRows ? 0 : Math.sqrt(2 * Math.log(grid.rows) * mean * (1 - share));
  return { kept, most: Math.min(grid.columns, Math.ceil(mean + spread)), steps };
}

/** A layout may store this much more than the smallest if it takes less memory to load. */
const MORE = 1.02;

/**
 * The layout for places and values, the bytes that it stores and those that exist while it is loaded: of those that store
 * about the fewest bytes (`MORE`), the one that takes least to load.
 */
export function chosenLayout({ grid, opset, valueBytes }: PlacesTarget, census: Census) {
  const able = (Object.entries(LAYOUTS) as [LayoutName, Layout][]).flatMap(([name, layout]) => {
    if (layout.opset > opset || !layout.fits(grid)) return [];
    const { entries, arrays } = layout.plan(grid, census);
    const bytes = arrays.reduce((sum, array) => sum + array.bytes, entries * grid.cell * valueBytes);
    const shared = Object.values(layout.sharedBytes(grid)).reduce((sum, each) => sum + each, 0);
    const shaping = layout.dims(grid).length === 1 ? 4 * cellsOf(grid) : 0;
    return [{ layout: name, entries, bytes, loadBytes: bytes + layout.rebuildBytes(grid, entries) + shared + shaping }];
  });
  const least = Math.min(...able.map(({ bytes }) => bytes));
  return able
    .filter(({ bytes }) => bytes <= MORE * least)
    .reduce((best, next) => (next.loadBytes < best.loadBytes ? next : best));
}

export function plannedPlaces(target: PlacesTarget, census: Census): Places {
  const { grid } = target;
  const { layout } = chosenLayout(target, census);
  const { entries, arrays } = LAYOUTS[layout].plan(grid, census);
  const held = arrays.map(({ label, dims, dataType, bytes }) => planned(label, dims, dataType, bytes));
  return { layout, grid, kept: census.kept, entries, arrays: held };
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
