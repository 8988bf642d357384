import type { Palette, Pen } from './paint';

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** Distance of the lines of a hatch. */
export const HATCH = 5;

/** Draws on a canvas that is scaled to CSS pixels. */
export function canvasPen(context: CanvasRenderingContext2D, { ink }: Palette): Pen {
  context.font = FONT;
  context.textBaseline = 'middle';
  return {
    rect(x, y, width, height, fill) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    },
    hatch(x, y, width, height) {
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      context.beginPath();
      for (let at = -height; at < width; at += HATCH) {
        context.moveTo(x + at, y + height);
        context.lineTo(x + at + height, y);
      }
      context.strokeStyle = ink;
      context.globalAlpha = 0.18;
      context.stroke();
      context.restore();
    },
    frame(x, y, width, height, colour, thickness) {
      context.strokeStyle = colour;
      context.lineWidth = thickness;
      context.strokeRect(x + thickness / 2, y + thickness / 2, width - thickness, height - thickness);
      context.lineWidth = 1;
    },
    text(x, y, text, colour, align) {
      context.fillStyle = colour;
      context.textAlign = align === 'left' ? 'left' : 'center';
      context.fillText(text, x, y);
    },
  };
}

/** The page's own colours. Those that are drawn are written as `#rrggbb` in the theme. */
export function paletteOf(scheme: Palette['scheme']): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    scheme,
    ink: colour('--ink'),
    quiet: colour('--quiet'),
    panel: colour('--panel'),
    well: colour('--well'),
  };
}

/** Sizes a canvas for the screen's pixels, and returns its context, scaled to CSS pixels and cleared. */
export function preparedContext(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  density: number,
): CanvasRenderingContext2D {
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(height * density);
  const context = canvas.getContext('2d')!;
  context.setTransform(density, 0, 0, density, 0, 0);
  return context;
}
