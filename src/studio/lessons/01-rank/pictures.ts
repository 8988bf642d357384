import type { MatrixPicture } from '../../../engine/page/light';

/**
 * The lesson's pictures: drawn here, the same on every machine, values in −1 (black) … 1 (white). Zero is middle grey,
 * so that errors are relative to the contrast; with black as zero the mean alone would be most of the picture's energy.
 */
export type PictureName = 'weave' | 'quarry' | 'noise';

/** Draws `name` as `size` × `size`. */
export function drawPicture(name: PictureName, size: number): MatrixPicture {
  if (name === 'noise') return noiseTable(size, size);
  const shade = name === 'weave' ? weave() : quarry();
  return paint(size, (x, y) => Math.max(-1, Math.min(1, shade(x / size, y / size))));
}

/**
 * A light square on grey, turned by `degrees` about the middle of a `size` × `size` picture. Its side is 0.58 of
 * the picture's, so that its corners stay inside at any angle. Edges are smoothed over one pixel.
 */
export function turnedSquare(degrees: number, size: number): MatrixPicture {
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = Math.sin((degrees * Math.PI) / 180);
  const half = Math.round(0.29 * size);
  return paint(size, (x, y) => {
    const dx = x - size / 2;
    const dy = y - size / 2;
    const inside = half - Math.max(Math.abs(cos * dx + sin * dy), Math.abs(cos * dy - sin * dx));
    return Math.max(0, Math.min(1, inside + 0.5));
  });
}

type Shade = (x: number, y: number) => number;

function paint(size: number, shade: Shade): MatrixPicture {
  const values = new Float32Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) values[row * size + column] = shade(column + 0.5, row + 0.5);
  }
  return { rows: size, columns: size, values };
}

/** Broad and fine bands across and down: a sum of three products of a column and a row, so its rank is 3. */
function weave(): Shade {
  return (x, y) =>
    0.45 * Math.sign(Math.sin(2 * Math.PI * 4 * x)) * (0.6 + 0.4 * Math.cos(2 * Math.PI * y)) +
    0.35 * Math.sign(Math.sin(2 * Math.PI * 6 * y)) +
    0.2 * Math.sin(2 * Math.PI * 12 * x) * Math.sin(2 * Math.PI * 12 * y);
}

/** A terraced hill under the sky with cut blocks before it, veined. */
function quarry(): Shade {
  const cloud = valueNoise(11);
  const rock = valueNoise(5);
  return (x, y) => {
    const sky = 0.85 - 0.9 * y + 0.18 * (cloud(3 * x, 9 * y) - 0.5);
    const ridge = 0.36 - 0.16 * Math.sin(2.6 * x + 0.4) + 0.035 * Math.sin(17 * x) + 0.02 * Math.sin(41 * x + 1);
    if (y < ridge) return sky;
    for (const [left, top, width, height, tone] of blocks) {
      if (x > left && x < left + width && y > top && y < top + height) {
        const edge = y - top < 0.025 ? 0.35 : x - left < 0.02 ? -0.3 : 0;
        return tone + edge - 0.35 * vein(rock, 1.6 * x, 1.6 * y);
      }
    }
    if (y > 0.8) return -0.55 + 0.25 * (y - 0.8) + 0.3 * (rock(14 * x, 40 * y) - 0.5);
    const depth = (y - ridge) / (0.8 - ridge);
    const terrace = Math.floor(5 * depth);
    const lip = 5 * depth - terrace < 0.16 ? 0.3 : 0;
    return 0.1 - 0.13 * terrace + lip - 0.45 * vein(rock, x, y) + 0.25 * (rock(24 * x, 24 * y) - 0.5);
  };
}

// left, top, width, height, tone
const blocks = [
  [0.08, 0.66, 0.26, 0.24, 0.45],
  [0.3, 0.76, 0.2, 0.17, 0.25],
  [0.66, 0.6, 0.2, 0.32, 0.55],
] as const;

/** Thin lines where turbulent stripes cross zero: 1 on the line, falling to 0 beside it. */
function vein(noise: Shade, x: number, y: number): number {
  const wave = Math.sin(9 * (x + 0.6 * y) + 7 * noise(4 * x, 4 * y));
  return Math.max(0, 1 - 5 * Math.abs(wave));
}

/** A table of chance: independent values, even over −1 … 1. */
export function noiseTable(rows: number, columns: number): MatrixPicture {
  const random = mulberry32(7);
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => 2 * random() - 1) };
}

/** Smooth noise 0…1: random values on the integer grid, interpolated. */
function valueNoise(seed: number): Shade {
  const period = 64;
  const random = mulberry32(seed);
  const grid = Float64Array.from({ length: period * period }, random);
  const at = (column: number, row: number) => grid[(row % period) * period + (column % period)];
  const ease = (t: number) => t * t * (3 - 2 * t);
  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const across = ease(x - column);
    const top = at(column, row) + across * (at(column + 1, row) - at(column, row));
    const bottom = at(column, row + 1) + across * (at(column + 1, row + 1) - at(column, row + 1));
    return top + ease(y - row) * (bottom - top);
  };
}

/** Seeded 32-bit generator of uniform numbers in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
