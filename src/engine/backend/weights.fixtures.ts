import type { Random } from '../core/random';
import { floatsToHalves } from '../model/tensors';
import type {
  BlockArrays,
  CodebookArrays,
  DenseArrays,
  GroupArrays,
  HashedArrays,
  PreparedWeight,
  QuantizedArrays,
  SparseArrays,
  Weight,
  WeightMaker,
} from './weights';

const normals = (random: Random, length: number) => Float32Array.from({ length }, () => random.normal());
const bytes = (random: Random, length: number) => Uint8Array.from({ length }, () => random.below(256));

export function randomDense(
  random: Random,
  rows: number,
  columns: number,
): DenseArrays & { readonly values: Float32Array } {
  return { rows, columns, values: normals(random, rows * columns) };
}

/** The bits of normal numbers, one in eight of them below float16's normal range. */
export function randomHalves(random: Random, rows: number, columns: number): DenseArrays {
  const values = normals(random, rows * columns).map((value) => (random.below(8) ? value : value * 2 ** -16));
  return { rows, columns, values: floatsToHalves(values) };
}

export function randomQuantized(
  random: Random,
  rows: number,
  columns: number,
  options: { bits?: 2 | 4 | 8; blockSize?: number; zeroPoints?: boolean } = {},
): QuantizedArrays {
  const { bits = ([2, 4, 8] as const)[random.below(3)]!, zeroPoints = random.below(2) > 0 } = options;
  const { blockSize = [16, 32, 64, 128, Math.ceil(columns / 4) * 4][random.below(5)]! } = options;
  const blocks = Math.ceil(columns / blockSize);
  return {
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

function randomGroups(random: Random, rows: number, columns: number): GroupArrays {
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
  return groupsOf(values, rows, columns, n, m);
}

function randomBlocks(random: Random, rows: number, columns: number): BlockArrays {
  const [height, width] = [[1, 4, 16, 5][random.below(4)]!, [4, 8, 16, 3][random.below(4)]!];
  const kept = random.uniform();
  const blocksAcross = Math.ceil(columns / width);
  const keep = Array.from({ length: Math.ceil(rows / height) * blocksAcross }, () => random.uniform() < kept);
  const isKept = (at: number) =>
    keep[Math.floor(at / columns / height) * blocksAcross + Math.floor((at % columns) / width)]!;
  const values = normals(random, rows * columns).map((value, at) => (isKept(at) ? value : 0));
  return blocksOf(values, rows, columns, height, width);
}

function randomHashed(random: Random, rows: number, columns: number): HashedArrays {
  const count = 1 + random.below(rows * columns);
  const run = random.below(2) === 0 ? count : 1 + random.below(count);
  const hash = { a: 2 * random.below(2 ** 31), b: 2 * random.below(2 ** 31) + 1, c: random.below(2 ** 32) };
  return { rows, columns, slots: normals(random, count), run, hash };
}

function randomCodebook(random: Random, rows: number, columns: number): CodebookArrays {
  const bits = ([1, 2, 4, 8] as const)[random.below(4)]!;
  const codes = bytes(random, Math.ceil((rows * columns * bits) / 8));
  return { rows, columns, bits, codes, table: normals(random, 2 ** bits) };
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

/** A chain of three links in the order of a tensor train, over a weight that is padded in both directions. */
function randomTrain(random: Random, rows: number, columns: number): Weight {
  const [made, padded] = [rows + random.below(3), columns + random.below(3)];
  const [out, into] = [factors(random, made, 3), factors(random, padded, 3)];
  const bonds = [1, 1 + random.below(6), 1 + random.below(6), 1];
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  const fromLeft = random.below(2) > 0;
  const order = fromLeft ? [0, 1, 2] : [2, 1, 0];
  const links = order.map((k) => {
    const [left, right] = [bonds[k]!, bonds[k + 1]!];
    const [m, n] = fromLeft ? [out[k]! * right, left * into[k]!] : [left * out[k]!, into[k]! * right];
    const behind = product(fromLeft ? into.slice(k + 1) : out.slice(k + 1));
    return { weight: randomLeaf(random, m, n), behind };
  });
  return {
    async prepare(on) {
      const prepared = [];
      for (const { weight, behind } of links) prepared.push({ weight: await weight.prepare(on), behind });
      return on.chain({ rows, columns, padded, links: prepared });
    },
  };
}

type Make = <P extends PreparedWeight>(on: WeightMaker<P>) => P | Promise<P>;

/** What prepares plain arrays. */
export const weightOf = (make: Make): Weight => ({ prepare: async (on) => make(on) });

/** A weight of every kind that does not nest, by its name. */
export const RANDOM_LEAVES: Record<string, (random: Random, rows: number, columns: number) => Weight> = {
  dense: (...given) => weightIn(randomDense(...given), (arrays) => (on) => on.dense(arrays)),
  'dense float16': (...given) => weightIn(randomHalves(...given), (arrays) => (on) => on.dense(arrays)),
  quantized: (...given) => weightIn(randomQuantized(...given), (arrays) => (on) => on.quantized(arrays)),
  codebook: (...given) => weightIn(randomCodebook(...given), (arrays) => (on) => on.codebook(arrays)),
  sparse: (random, rows, columns) =>
    weightIn(
      sparseOf(thinned(random, rows * columns, random.uniform()), rows, columns),
      (arrays) => (on) => on.sparse(arrays),
    ),
  groups: (...given) => weightIn(randomGroups(...given), (arrays) => (on) => on.groups(arrays)),
  blocks: (...given) => weightIn(randomBlocks(...given), (arrays) => (on) => on.blocks(arrays)),
  hashed: (...given) => weightIn(randomHashed(...given), (arrays) => (on) => on.hashed(arrays)),
  train: randomTrain,
};

/** The arrays are drawn once, whoever prepares them. */
const weightIn = <T>(arrays: T, make: (arrays: T) => Make): Weight => weightOf(make(arrays));

function randomLeaf(random: Random, rows: number, columns: number): Weight {
  const leaves = Object.values(RANDOM_LEAVES).slice(0, -1);
  return leaves[random.below(leaves.length)]!(random, rows, columns);
}

/** Any weight, nested `depth` deep at most. */
export function randomWeight(random: Random, rows: number, columns: number, depth: number): Weight {
  const inner = (m: number, n: number) => randomWeight(random, m, n, depth - 1);
  const kind = depth > 0 ? random.below(5) : 4;
  if (kind === 0) {
    const rank = 1 + random.below(40);
    const [right, left] = [inner(rank, columns), inner(rows, rank)];
    return weightOf(async (on) => {
      const links = [
        { weight: await right.prepare(on), behind: 1 },
        { weight: await left.prepare(on), behind: 1 },
      ];
      return on.chain({ rows, columns, padded: columns, links });
    });
  }
  if (kind === 1) {
    const [one, other] = [inner(rows, columns), inner(rows, columns)];
    return weightOf(async (on) => on.sum([await one.prepare(on), await other.prepare(on)]));
  }
  if (kind === 2) {
    const [scales, scaled] = [normals(random, columns), inner(rows, columns)];
    return weightOf(async (on) => on.scaled(await scaled.prepare(on), scales));
  }
  if (kind === 3 && columns > 1) {
    const first = 1 + random.below(columns - 1);
    const [one, other] = [inner(rows, first), inner(rows, columns - first)];
    // Every column once, in a random order.
    const order = Int32Array.from({ length: columns }, (_, i) => i);
    for (let i = columns - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return weightOf(async (on) =>
      on.columnParts([
        { weight: await one.prepare(on), columns: order.slice(0, first) },
        { weight: await other.prepare(on), columns: order.slice(first) },
      ]),
    );
  }
  const leaves = Object.values(RANDOM_LEAVES);
  return leaves[random.below(leaves.length)]!(random, rows, columns);
}

/** Stores what is not zero of a dense `[rows, columns]` matrix. */
export function sparseOf(dense: Float32Array, rows: number, columns: number): SparseArrays {
  const count = dense.reduce((sum, value) => sum + Number(value !== 0), 0);
  const starts = new Uint32Array(rows + 1);
  const columnOf = new Uint32Array(count);
  const values = new Float32Array(count);
  let at = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = dense[i * columns + j]!;
      if (value === 0) continue;
      columnOf[at] = j;
      values[at++] = value;
    }
    starts[i + 1] = at;
  }
  return { rows, columns, starts, columnOf, values };
}

/** Stores n of every m neighbouring columns. Throws a RangeError where more than n of them are not zero. */
export function groupsOf(dense: Float32Array, rows: number, columns: number, n: number, m: number): GroupArrays {
  const groups = Math.ceil(columns / m);
  const values = new Float32Array(rows * groups * n);
  const places = new Uint8Array(rows * groups * n);
  for (let i = 0; i < rows; i++) {
    for (let group = 0; group < groups; group++) {
      let at = (i * groups + group) * n;
      const end = at + n;
      for (let place = 0; place < m && group * m + place < columns; place++) {
        const value = dense[i * columns + group * m + place]!;
        if (value === 0) continue;
        if (at === end) throw new RangeError(`Row ${i} has more than ${n} of ${m} values at column ${group * m}.`);
        values[at] = value;
        places[at++] = place;
      }
    }
  }
  return { rows, columns, n, m, values, places };
}

/** Stores the blocks `[height, width]` of a dense matrix that hold anything but zeros. */
export function blocksOf(
  dense: Float32Array,
  rows: number,
  columns: number,
  height: number,
  width: number,
): BlockArrays {
  const [down, across] = [Math.ceil(rows / height), Math.ceil(columns / width)];
  const starts = new Uint32Array(down + 1);
  const columnOf: number[] = [];
  const blocks: Float32Array[] = [];
  for (let i = 0; i < down; i++) {
    for (let j = 0; j < across; j++) {
      const block = new Float32Array(height * width);
      for (let y = 0; y < height && i * height + y < rows; y++) {
        const from = (i * height + y) * columns;
        block.set(dense.subarray(from + j * width, from + Math.min((j + 1) * width, columns)), y * width);
      }
      if (block.every((value) => value === 0)) continue;
      columnOf.push(j);
      blocks.push(block);
    }
    starts[i + 1] = columnOf.length;
  }
  const values = new Float32Array(blocks.length * height * width);
  for (const [e, block] of blocks.entries()) values.set(block, e * height * width);
  return { rows, columns, height, width, starts, columnOf: Uint32Array.from(columnOf), values };
}
