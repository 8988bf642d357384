import {
  CONFIDENCE,
  type Estimated,
  type SensitivityCell,
  type SensitivityLayer,
  type SensitivityReport,
} from '../../engine/page/light';

/** Chosen in place of a line: of all lines the one that does the least damage, cell by cell. */
export const BEST = 'best';

/** What the map shows where one layer meets one level. */
export interface MapCell {
  readonly cell: SensitivityCell;
  readonly state: 'measured' | 'estimated' | 'skipped';
  /** The damage where it is measured, otherwise the estimated error; NaN where the cell is skipped. */
  readonly value: number;
  /** The damage cannot be told from none. */
  readonly likeNone: boolean;
  /** The damage cannot be told from that of the same layer at the level before: the smaller form costs no more. */
  readonly likePrevious: boolean;
  /** Of "best": keys of other lines whose damage here cannot be told from this one's. */
  readonly rivals: readonly string[];
}

/** Layers in the order of the model, each with a cell for every level; undefined where nothing is known yet. */
export interface HeatMap {
  readonly report: SensitivityReport;
  /** Key of the line, or `BEST`. */
  readonly line: string;
  readonly layers: readonly SensitivityLayer[];
  readonly levels: readonly number[];
  /** By layer, then by level. */
  readonly rows: readonly (readonly (MapCell | undefined)[])[];
}

/** Whether two means differ by less than their standard errors explain: in 95 of 100 cases of equal ones they do. */
export function isAlike(a: Estimated, b: Estimated): boolean {
  if (a.standardError === undefined || b.standardError === undefined) return false;
  return Math.abs(a.mean - b.mean) <= CONFIDENCE * Math.hypot(a.standardError, b.standardError);
}

const NONE: Estimated = { mean: 0, standardError: 0 };

const made = new WeakMap<SensitivityReport, Map<string, HeatMap>>();

/** The map of a line, or of the best line of every cell. Made once: the list of layers shows the same. */
export function heatMapOf(report: SensitivityReport, line: string): HeatMap {
  let maps = made.get(report);
  if (!maps) {
    maps = new Map();
    made.set(report, maps);
  }
  let map = maps.get(line);
  if (!map) {
    map = makeMap(report, line);
    maps.set(line, map);
  }
  return map;
}

function makeMap(report: SensitivityReport, line: string): HeatMap {
  const byRow = cellsByRow(report);
  const rows = byRow.map((cells) => {
    let previous: SensitivityCell | undefined;
    return cells.map((found) => {
      const own = line === BEST ? found : found.filter((cell) => cell.line === line);
      const cell = mapCell(own, previous);
      previous = cell?.cell;
      return cell;
    });
  });
  return { report, line, layers: report.layers, levels: report.levels, rows };
}

const grouped = new WeakMap<SensitivityReport, readonly (readonly (readonly SensitivityCell[])[])[]>();

/** The cells of all lines, by layer and level. */
function cellsByRow(report: SensitivityReport) {
  let rows = grouped.get(report);
  if (!rows) {
    const row = new Map(report.layers.map(({ id }, index) => [id, index]));
    const column = new Map(report.levels.map((level, index) => [level, index]));
    const found = report.layers.map(() => report.levels.map((): SensitivityCell[] => []));
    for (const cell of report.cells) found[row.get(cell.layer) ?? -1]?.[column.get(cell.level) ?? -1]?.push(cell);
    rows = found;
    grouped.set(report, rows);
  }
  return rows;
}

function mapCell(cells: readonly SensitivityCell[], previous: SensitivityCell | undefined): MapCell | undefined {
  const cell = least(cells, ({ damage }) => damage?.mean);
  if (cell?.damage) {
    const { damage } = cell;
    return {
      cell,
      state: 'measured',
      value: damage.mean,
      likeNone: isAlike(damage, NONE),
      likePrevious: previous?.damage !== undefined && isAlike(damage, previous.damage),
      rivals: cells
        .filter((other) => other !== cell && other.damage && isAlike(damage, other.damage))
        .map(({ line }) => line),
    };
  }
  const unknown = { likeNone: false, likePrevious: false, rivals: [] };
  const estimated = least(cells, ({ estimatedError }) => estimatedError);
  if (estimated) return { cell: estimated, state: 'estimated', value: estimated.estimatedError!, ...unknown };
  const [skipped] = cells;
  // Where another line may still have a cell, that it is skipped is not yet true of all.
  if (skipped && cells.every((one) => one.skipped !== undefined))
    return { cell: skipped, state: 'skipped', value: Number.NaN, ...unknown };
  return undefined;
}

function least(
  cells: readonly SensitivityCell[],
  figure: (cell: SensitivityCell) => number | undefined,
): SensitivityCell | undefined {
  let best: SensitivityCell | undefined;
  let value = Number.POSITIVE_INFINITY;
  for (const cell of cells) {
    const own = figure(cell);
    if (own === undefined || !(own < value)) continue;
    best = cell;
    value = own;
  }
  return best;
}

/** The level that stands for a layer in lists: the one asked for, or the one closest to half of the bytes. */
export function listedLevel({ levels }: SensitivityReport, wanted: number | null): number {
  if (wanted !== null && levels.includes(wanted)) return wanted;
  return levels.reduce(
    (best, level) => (Math.abs(level - 0.5) < Math.abs(best - 0.5) ? level : best),
    levels[0] ?? 0.5,
  );
}

/** What the lists show of each layer, by layer id: its cell at a level. */
export function cellsAt({ layers, levels, rows }: HeatMap, level: number): ReadonlyMap<string, MapCell> {
  const column = levels.indexOf(level);
  const found = new Map<string, MapCell>();
  for (const [row, { id }] of layers.entries()) {
    const cell = rows[row]?.[column];
    if (cell) found.set(id, cell);
  }
  return found;
}
