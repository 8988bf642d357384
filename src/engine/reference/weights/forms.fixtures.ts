import type { Random } from '../../core/random';
import { floatsToHalves } from '../../model/tensors';
import { blockSparseOf, nmOf, sparseOf } from '../../sparsity';
import type { DenseForm, QuantizedForm, WeightForm } from '../../weightForm';

const normals = (random: Random, length: number) => Float32Array.from({ length }, () => random.normal());
const bytes = (random: Random, length: number) => Uint8Array.from({ length }, () => random.below(256));

export function randomDense(
  random: Random,
  rows: number,
  columns: number,
): DenseForm & { readonly values: Float32Array } {
  return { kind: 'dense', rows, columns, values: normals(random, rows * columns) };
}

/** The bits of normal numbers, one in eight of them below float16's normal range. */
export function randomHalves(random: Random, rows: number, columns: number): DenseForm {
  const values = normals(random, rows * columns).map((value) => (random.below(8) ? value : value * 2 ** -16));
  return { kind: 'dense', rows, columns, values: floatsToHalves(values) };
}

export function randomQuantized(
  random: Random,
  rows: number,
  columns: number,
  options: { bits?: 2 | 4 | 8; blockSize?: number; zeroPoints?: boolean } = {},
): QuantizedForm {
  const { bits = ([2, 4, 8] as const)[random.below(3)]!, zeroPoints = random.below(2) > 0 } = options;
  const { blockSize = [16, 32, 64, 128, Math.ceil(columns / 4) * 4][random.below(5)]! } = options;
  const blocks = Math.ceil(columns / blockSize);
  return {
    kind: 'quantized',
    rows,
    columns,
    bits,
    blockSize,
    codes: bytes(random, (rows * blocks * blockSize * bits) / 8),
    scales: normals(random, rows * blocks),
    ...(zeroPoints && { zeroPoints: bytes(random, rows * Math.ceil((blocks * bits) / 8)) }),
  };
}

const thinned = (random: Random, length: number, density: number) =>
  normals(random, length).map((value) => (random.uniform() < density ? value : 0));

function randomNM(random: Random, rows: number, columns: number): WeightForm {
  const [n, m] = (
    [
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 8],
      [1, 16],
    ] as const
  )[random.below(5)]!;
  const values = normals(random, rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) if (j % m >= n && random.below(2)) values[i * columns + j] = 0;
    for (let first = 0; first < columns; first += m) {
      // Whatever else is left beyond n goes.
      let left = n;
      for (let j = first; j < Math.min(first + m, columns); j++) {
        if (values[i * columns + j] !== 0 && --left < 0) values[i * columns + j] = 0;
      }
    }
  }
  return nmOf(values, rows, columns, n, m);
}

/** `count` factors of a number, in any order. */
function factors(random: Random, number: number, count: number): number[] {
  const found = new Array<number>(count).fill(1);
  let left = number;
  for (let prime = 2; left > 1; prime++) {
    for (; left % prime === 0; left /= prime) found[random.below(count)]! *= prime;
  }
  return found;
}

/** A form of every kind that does not nest, by its name. */
export const RANDOM_LEAVES: Record<string, (random: Random, rows: number, columns: number) => WeightForm> = {
  dense: randomDense,
  'dense float16': randomHalves,
  quantized: randomQuantized,
  sparse: (random, rows, columns) => sparseOf(thinned(random, rows * columns, random.uniform()), rows, columns),
  'N:M': randomNM,
  shared: (random, rows, columns) => {
    const count = 1 + random.below(rows * columns);
    return {
      kind: 'shared',
      rows,
      columns,
      slots: normals(random, count),
      run: random.below(2) === 0 ? count : 1 + random.below(count),
      scale: random.normal(),
      offset: random.below(2 ** 32 - rows * columns),
      seed: random.below(2 ** 32),
    };
  },
  tensorTrain: (random, rows, columns) => {
    const out = factors(random, rows, 3);
    const into = factors(random, columns, 3);
    const bonds = [1 + random.below(6), 1 + random.below(6)];
    const length = (k: number) => (bonds[k - 1] ?? 1) * out[k]! * into[k]! * (bonds[k] ?? 1);
    return { kind: 'tensorTrain', out, in: into, bonds, cores: out.map((_, k) => normals(random, length(k))) };
  },
  blockSparse: (random, rows, columns) => {
    const [height, width] = [[1, 4, 16, 5][random.below(4)]!, [4, 8, 16][random.below(3)]!];
    const values = normals(random, rows * columns);
    const kept = random.uniform();
    const blocksAcross = Math.ceil(columns / width);
    const keep = Array.from({ length: Math.ceil(rows / height) * blocksAcross }, () => random.uniform() < kept);
    const isKept = (at: number) =>
      keep[Math.floor(at / columns / height) * blocksAcross + Math.floor((at % columns) / width)]!;
    return blockSparseOf(
      values.map((value, at) => (isKept(at) ? value : 0)),
      rows,
      columns,
      height,
      width,
    );
  },
};

/** Any form, nested `depth` deep at most. */
export function randomForm(random: Random, rows: number, columns: number, depth: number): WeightForm {
  const inner = (m: number, n: number) => randomForm(random, m, n, depth - 1);
  const kind = depth > 0 ? random.below(4) : 3;
  if (kind === 0) {
    const rank = 1 + random.below(40);
    return { kind: 'lowRank', left: inner(rows, rank), right: inner(rank, columns) };
  }
  if (kind === 1) return { kind: 'sum', parts: [inner(rows, columns), inner(rows, columns)] };
  if (kind === 2) {
    const [out, into] = [normals(random, rows), normals(random, columns)];
    const which = random.below(3);
    return {
      kind: 'scaled',
      inner: inner(rows, columns),
      ...(which !== 1 && { out }),
      ...(which !== 0 && { in: into }),
    };
  }
  const leaves = Object.values(RANDOM_LEAVES);
  return leaves[random.below(leaves.length)]!(random, rows, columns);
}
