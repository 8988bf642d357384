import { planned, type StoredArray, stored } from '../stored';
import { bitmask } from './bitmask';
import { columns } from './columns';
import { deltas, STEP } from './deltas';
import { groups } from './groups';
import { type Census, cellsOf, type Grid, type Layout } from './layout';
import { ranks } from './ranks';

/** Of equally small ones the first is taken: the one that makes less on the way to the dense weight. */
export const LAYOUTS = { columns, groups, deltas, bitmask, ranks } as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof LAYOUTS;

/** Which cells of a weight have values, stored in the layout that takes fewest bytes. */
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

/** The layout that stores places and values in fewest bytes, and those bytes. */
export function smallestLayout({ grid, opset, valueBytes }: PlacesTarget, census: Census) {
  let best: { readonly layout: LayoutName; readonly entries: number; readonly bytes: number } | undefined;
  for (const [name, layout] of Object.entries(LAYOUTS) as [LayoutName, Layout][]) {
    if (layout.opset > opset || !layout.fits(grid)) continue;
    const { entries, arrays } = layout.plan(grid, census);
    const bytes = arrays.reduce((sum, array) => sum + array.bytes, entries * grid.cell * valueBytes);
    if (!best || bytes < best.bytes) best = { layout: name, entries, bytes };
  }
  return best!;
}

export function plannedPlaces(target: PlacesTarget, census: Census): Places {
  const { grid } = target;
  const { layout } = smallestLayout(target, census);
  const { entries, arrays } = LAYOUTS[layout].plan(grid, census);
  const held = arrays.map(({ label, dims, dataType, bytes }) => planned(label, dims, dataType, bytes));
  return { layout, grid, kept: census.kept, entries, arrays: held };
}

/** Places of the cells at the rising `positions`. */
export function placesOf(target: PlacesTarget, positions: Int32Array, layout?: LayoutName): Places {
  const { grid } = target;
  const census = censusOf(positions, grid);
  const chosen = layout ?? smallestLayout(target, census).layout;
  const { entries, arrays } = LAYOUTS[chosen].plan(grid, census);
  const encoded = LAYOUTS[chosen].encode(positions, grid, census);
  const held = arrays.map(({ label, dims, dataType }, i) => stored(label, dims, dataType, encoded[i]!));
  return { layout: chosen, grid, kept: census.kept, entries, arrays: held };
}

export async function positionsOf({ layout, arrays, grid, entries }: Places): Promise<Int32Array<ArrayBuffer>> {
  return LAYOUTS[layout].decode(await Promise.all(arrays.map((array) => array.read())), grid, entries);
}
