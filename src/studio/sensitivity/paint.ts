import { type Scheme, shadeAt } from './colours';
import { type DamageScale, ESTIMATE_SCALE } from './damageScale';
import { cellText } from './describe';
import type { HeatMap, MapCell } from './map';

/** What draws: a canvas on the page, or an SVG for export. Lengths are in CSS pixels. */
export interface Pen {
  rect(x: number, y: number, width: number, height: number, fill: string): void;
  /** Diagonal lines over a rectangle: the mark of an estimate. */
  hatch(x: number, y: number, width: number, height: number): void;
  frame(x: number, y: number, width: number, height: number, colour: string, thickness: number): void;
  /** `y` is the middle of the line of text. */
  text(x: number, y: number, text: string, colour: string, align: 'left' | 'middle'): void;
}

/** Colours of the page, as the style sheet gives them. */
export interface Palette {
  readonly scheme: Scheme;
  readonly ink: string;
  readonly quiet: string;
  readonly panel: string;
  readonly well: string;
}

export interface Painting {
  readonly map: HeatMap;
  readonly scale: DamageScale;
  readonly palette: Palette;
  readonly columnWidth: number;
  readonly rowHeight: number;
  /** Where the first cell begins. */
  readonly left: number;
  readonly top: number;
  /** Rows that are drawn: from the first to before the last. */
  readonly first: number;
  readonly last: number;
  /** Column of the chosen cell, by row. */
  readonly chosen: ReadonlyMap<number, number>;
}

/** A number needs this much room, in CSS pixels. */
const NUMBER_WIDTH = 44;
const NUMBER_HEIGHT = 16;

/** Draws the cells of some rows. */
export function paint(pen: Pen, painting: Painting): void {
  const { map, scale, palette, left, top, columnWidth, rowHeight, first, last, chosen } = painting;
  const gap = rowHeight >= 8 ? 1 : 0;
  const [width, height] = [columnWidth - (gap || 0.5), rowHeight - gap];
  const withNumbers = columnWidth >= NUMBER_WIDTH && rowHeight >= NUMBER_HEIGHT;
  for (let row = first; row < last; row++) {
    const cells = map.rows[row]!;
    const y = top + (row - first) * rowHeight;
    for (const [column, cell] of cells.entries()) {
      const x = left + column * columnWidth;
      const { fill, ink } = lookOf(cell, scale, palette);
      pen.rect(x, y, width, height, fill);
      if (cell?.state === 'estimated' && rowHeight >= 6) pen.hatch(x, y, width, height);
      if (cell && withNumbers) pen.text(x + width / 2, y + height / 2, cellText(cell), ink, 'middle');
      // A bridge to the level before: from there on nothing more is lost, as far as can be told.
      if (cell?.likePrevious && withNumbers) pen.text(x, y + height / 2, '=', ink, 'middle');
    }
    const column = chosen.get(row);
    if (column === undefined) continue;
    const x = left + column * columnWidth;
    const thickness = rowHeight >= 8 ? 2 : 1;
    pen.frame(x, y, width, height, palette.ink, thickness);
    if (rowHeight >= 12)
      pen.frame(x + thickness, y + thickness, width - 2 * thickness, height - 2 * thickness, palette.panel, 1);
  }
}

/** The colour of a cell, and of text on it. */
export function lookOf(cell: MapCell | undefined, scale: DamageScale, palette: Palette): { fill: string; ink: string } {
  if (!cell || cell.state === 'skipped') return { fill: palette.well, ink: palette.quiet };
  if (cell.state === 'measured') return shadeAt(scale.place(cell.value), palette.scheme);
  // Estimates have no colour of damage: they are shades of grey.
  const share = Math.round(5 + 30 * ESTIMATE_SCALE.place(cell.value));
  return { fill: mixed(palette.quiet, palette.panel, share / 100), ink: palette.ink };
}

/** A mixture of two colours `#rrggbb` in sRGB. */
function mixed(a: string, b: string, share: number): string {
  const parts = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const [from, to] = [parts(b), parts(a)];
  const byte = (i: number) =>
    Math.round(from[i]! + share * (to[i]! - from[i]!))
      .toString(16)
      .padStart(2, '0');
  return `#${byte(0)}${byte(1)}${byte(2)}`;
}
