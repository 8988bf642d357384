import { canvasPen, HATCH, preparedContext } from './canvasPen';
import { shadeAt } from './colours';
import { formatDamage, formatLevel } from './damageScale';
import { lineTitle, measureTitle } from './describe';
import type { HeatMap } from './map';
import { type Painting, type Pen, paint } from './paint';

// The whole map as a picture: title, levels, names and legend around the cells.
const [LEFT, TOP, RIGHT, BOTTOM] = [300, 64, 24, 56];
const [COLUMN, ROW] = [64, 20];
const LEGEND = 320;

/** A map as it is drawn, without its measures. */
export type Drawn = Pick<Painting, 'map' | 'scale' | 'palette' | 'chosen'>;

const sizeOf = ({ layers, levels }: HeatMap) => ({
  width: LEFT + Math.max(levels.length * COLUMN, LEGEND) + RIGHT,
  height: TOP + layers.length * ROW + BOTTOM,
});

function paintWhole(pen: Pen, whole: Drawn): void {
  const { map, scale, palette } = whole;
  const { report, layers, levels, line } = map;
  const { width, height } = sizeOf(map);
  pen.rect(0, 0, width, height, palette.panel);
  pen.text(16, 20, `${measureTitle(report)}, ${lineTitle(report, line)}`, palette.ink, 'left');
  pen.text(
    16,
    38,
    `${report.samples} samples of ${report.data}. ≈ % is an estimate; = cannot be told from the level before`,
    palette.quiet,
    'left',
  );
  for (const [i, level] of levels.entries())
    pen.text(LEFT + (i + 0.5) * COLUMN, TOP - 10, formatLevel(level), palette.quiet, 'middle');
  for (const [i, { name }] of layers.entries())
    pen.text(16, TOP + (i + 0.5) * ROW, shortened(name, 46), palette.ink, 'left');
  paint(pen, { ...whole, left: LEFT, top: TOP, columnWidth: COLUMN, rowHeight: ROW, first: 0, last: layers.length });
  const y = height - BOTTOM + 16;
  for (let i = 0; i < LEGEND; i += 4) pen.rect(LEFT + i, y, 4.5, 10, shadeAt(i / LEGEND, palette.scheme).fill);
  for (const tick of scale.ticks)
    pen.text(LEFT + LEGEND * scale.place(tick), y + 22, formatDamage(tick), palette.quiet, 'middle');
}

/** Cut in the middle: names that share a beginning differ at their ends. */
export function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const tail = Math.ceil(0.6 * (most - 1));
  return `${name.slice(0, most - 1 - tail)}…${name.slice(-tail)}`;
}

/** The whole map as an SVG document. */
export function svgOf(whole: Drawn): string {
  const { width, height } = sizeOf(whole.map);
  const parts: string[] = [];
  const number = (value: number) => String(+value.toFixed(2));
  const box = (x: number, y: number, w: number, h: number) =>
    `x="${number(x)}" y="${number(y)}" width="${number(w)}" height="${number(h)}"`;
  const pen: Pen = {
    rect: (x, y, w, h, fill) => parts.push(`<rect ${box(x, y, w, h)} fill="${fill}"/>`),
    hatch: (x, y, w, h) => parts.push(`<rect ${box(x, y, w, h)} fill="url(#hatch)"/>`),
    frame: (x, y, w, h, colour, t) =>
      parts.push(
        `<rect ${box(x + t / 2, y + t / 2, w - t, h - t)} fill="none" stroke="${colour}" stroke-width="${t}"/>`,
      ),
    text: (x, y, text, colour, align) =>
      parts.push(
        `<text x="${number(x)}" y="${number(y)}" fill="${colour}"${align === 'middle' ? ' text-anchor="middle"' : ''}>${escaped(text)}</text>`,
      ),
  };
  paintWhole(pen, whole);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="11" dominant-baseline="central">`,
    `<defs><pattern id="hatch" width="${HATCH}" height="${HATCH}" patternUnits="userSpaceOnUse"><path d="M0 ${HATCH}L${HATCH} 0" stroke="${whole.palette.ink}" stroke-opacity=".18"/></pattern></defs>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);

/** Browsers draw no larger canvas. */
const MOST_PIXELS = 16_000;

/** The whole map as a PNG, at twice its size where a canvas may be that large. */
export function pngOf(whole: Drawn): Promise<Blob> {
  const { width, height } = sizeOf(whole.map);
  const density = Math.min(2, MOST_PIXELS / Math.max(width, height));
  const canvas = document.createElement('canvas');
  const context = preparedContext(canvas, width, height, density);
  paintWhole(canvasPen(context, whole.palette), whole);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser made no picture.'))), 'image/png');
  });
}
