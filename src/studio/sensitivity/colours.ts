/**
 * The colours of damage: from the ground of the page (no damage) to a strong colour (the most). Lightness changes in one
 * direction only, so the order is seen without telling hues apart, and neighbours in the scale differ by the same distance
 * in OKLab (Ottosson 2020), so equal factors of damage look equally far apart.
 */
export type Scheme = 'light' | 'dark';

type Triple = readonly [number, number, number];

/** Lightness, chroma and hue (degrees) in OKLab's polar form, from no damage to the most. All lie within sRGB. */
const STOPS: Readonly<Record<Scheme, readonly Triple[]>> = {
  light: [
    [0.965, 0.015, 200],
    [0.87, 0.085, 90],
    [0.72, 0.15, 55],
    [0.54, 0.175, 30],
    [0.34, 0.11, 15],
  ],
  dark: [
    [0.28, 0.02, 200],
    [0.4, 0.09, 15],
    [0.56, 0.16, 35],
    [0.74, 0.15, 62],
    [0.93, 0.09, 98],
  ],
};

/** Colours that a scale is made of. */
export const SHADES = 256;

/** sRGB, each 0…1. */
export type Rgb = Triple;

const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

const encoded = (linear: number): number =>
  linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;

export const RAMPS: Readonly<Record<Scheme, readonly Rgb[]>> = { light: rampOf(STOPS.light), dark: rampOf(STOPS.dark) };

function rampOf(stops: readonly Triple[]): Rgb[] {
  const points = stops.map(([lightness, chroma, hue]): Triple => {
    const angle = (hue * Math.PI) / 180;
    return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
  });
  const lengths = points.slice(1).map((point, i) => distance(point, points[i]!));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return Array.from({ length: SHADES }, (_, shade) => {
    let along = (shade / (SHADES - 1)) * total;
    let piece = 0;
    while (piece < lengths.length - 1 && along > lengths[piece]!) along -= lengths[piece++]!;
    const share = along / lengths[piece]!;
    const [from, to] = [points[piece]!, points[piece + 1]!];
    return rgbOf(from.map((value, i) => value + share * (to[i]! - value)) as unknown as Triple);
  });
}

/** OKLab to sRGB. */
function rgbOf([lightness, a, b]: Triple): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const decoded = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** The relative luminance of WCAG, by which contrast is measured. */
export const luminance = ([r, g, b]: Rgb): number => 0.2126 * decoded(r) + 0.7152 * decoded(g) + 0.0722 * decoded(b);

const hex = (rgb: Rgb): string =>
  `#${rgb
    .map((value) =>
      Math.round(255 * Math.min(1, Math.max(0, value)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;

export interface Shade {
  readonly fill: string;
  /** Text that can be read on it: black or white, whichever has more contrast (4.5 : 1 at least, on any colour). */
  readonly ink: '#000000' | '#ffffff';
}

const SHADED = {
  light: RAMPS.light.map(shaded),
  dark: RAMPS.dark.map(shaded),
};

function shaded(rgb: Rgb): Shade {
  // Contrast with white and with black are equal at this luminance.
  return { fill: hex(rgb), ink: luminance(rgb) > 0.179 ? '#000000' : '#ffffff' };
}

/** The shade of a place 0…1 on the scale. */
export const shadeAt = (place: number, scheme: Scheme): Shade =>
  SHADED[scheme][Math.round((SHADES - 1) * Math.min(1, Math.max(0, place)))]!;
