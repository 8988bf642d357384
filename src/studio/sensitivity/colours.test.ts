import { describe, expect, it } from 'vitest';
import { luminance, RAMPS, type Rgb, type Scheme, SHADES, shadeAt } from './colours';

const SCHEMES: readonly Scheme[] = ['light', 'dark'];

const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

function oklab([r, g, b]: Rgb): Rgb {
  const [lr, lg, lb] = [linear(r), linear(g), linear(b)];
  const l = Math.cbrt(0.4122214708 * lr + 0.5363325363 * lg + 0.0514459929 * lb);
  const m = Math.cbrt(0.2119034982 * lr + 0.6806995451 * lg + 0.1073969566 * lb);
  const s = Math.cbrt(0.0883024619 * lr + 0.2817188376 * lg + 0.6299787005 * lb);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** Linear RGB as people without one kind of cone see it: Machado, Oliveira and Fernandes 2009, severity 1. */
const BLIND = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
} as const;

describe.each(SCHEMES)('the colours of damage, %s', (scheme) => {
  const ramp = RAMPS[scheme];

  it('exist on screens', () => {
    // A colour outside of sRGB would be clipped, and no longer be where the scale needs it.
    for (const value of ramp.flat()) {
      expect(value).toBeGreaterThan(-0.002);
      expect(value).toBeLessThan(1.002);
    }
  });

  it('differ by equal distances', () => {
    const labs = ramp.map(oklab);
    const steps = labs.slice(1).map((lab, i) => Math.hypot(...lab.map((value, j) => value - labs[i]![j]!)));
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    // A step that contains a corner of the path cuts it: shorter, never longer.
    for (const step of steps) {
      expect(step / mean).toBeGreaterThan(0.8);
      expect(step / mean).toBeLessThan(1.02);
    }
    expect(mean * SHADES).toBeGreaterThan(0.6);
  });

  it.each(Object.entries(BLIND))('keep their order in lightness, also with %s', (_, matrix) => {
    const sign = scheme === 'light' ? -1 : 1;
    const plain = ramp.map(luminance);
    const seen = ramp.map((rgb) => {
      const [r, g, b] = rgb.map(linear) as unknown as Rgb;
      const row = (i: number) => matrix[i]! * r + matrix[i + 1]! * g + matrix[i + 2]! * b;
      return 0.2126 * row(0) + 0.7152 * row(3) + 0.0722 * row(6);
    });
    for (const values of [plain, seen])
      for (let i = 1; i < values.length; i++) expect(sign * (values[i]! - values[i - 1]!)).toBeGreaterThan(0);
  });

  it('carry text that can be read', () => {
    for (let shade = 0; shade < SHADES; shade++) {
      const place = shade / (SHADES - 1);
      const ground = luminance(ramp[shade]!);
      const ink = shadeAt(place, scheme).ink === '#ffffff' ? 1 : 0;
      const contrast = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
      expect(contrast).toBeGreaterThanOrEqual(4.5);
    }
  });
});

it('places beyond the ends have the colours of the ends', () => {
  expect(shadeAt(-1, 'light')).toEqual(shadeAt(0, 'light'));
  expect(shadeAt(2, 'dark')).toEqual(shadeAt(1, 'dark'));
});
