import { codeAt, decodeQuantized } from '../backend/codes';
import { type Chain, lengthsOf, type PreparedWeight, piecesOf, type WeightMaker } from '../backend/weights';
import { halvesToFloats } from '../model/tensors';
import { matmul } from './matmul';

/** A weight made dense, in float64. */
export interface DenseWeight extends PreparedWeight {
  /** [rows, columns] */
  readonly values: Float64Array;
  /**
   * For each value the sum of the magnitudes of all terms that make it up, at least |value|. Rounding is relative to
   * these sums, since the terms of products of factors, and of sums, may cancel.
   */
  readonly magnitudes: Float64Array;
}

/** Twin of the kernels that multiply by weights in their own form: computes what W is. */
export const denseWeights = {
  dense: ({ rows, columns, values }) =>
    plain(rows, columns, Float64Array.from(values instanceof Uint16Array ? halvesToFloats(values) : values)),

  quantized: (weight) => plain(weight.rows, weight.columns, Float64Array.from(decodeQuantized(weight))),

  codebook: ({ rows, columns, bits, codes, table }) =>
    plain(
      rows,
      columns,
      Float64Array.from({ length: rows * columns }, (_, i) => table[codeAt(codes, 0, i, bits)]!),
    ),

  sparse({ rows, columns, starts, columnOf, values }) {
    const weights = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      for (let e = starts[i]!; e < starts[i + 1]!; e++) weights[i * columns + columnOf[e]!]! += values[e]!;
    }
    return plain(rows, columns, weights);
  },

  groups({ rows, columns, n, m, values, places }) {
    const groups = Math.ceil(columns / m);
    const weights = new Float64Array(rows * columns);
    values.forEach((value, e) => {
      if (value === 0) return;
      const row = Math.floor(e / (groups * n));
      const group = Math.floor(e / n) % groups;
      weights[row * columns + group * m + places[e]!]! += value;
    });
    return plain(rows, columns, weights);
  },

  blocks({ rows, columns, height, width, starts, columnOf, values }) {
    const weights = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) {
      const blockRow = Math.floor(i / height);
      for (let e = starts[blockRow]!; e < starts[blockRow + 1]!; e++) {
        for (let x = 0; x < width; x++) {
          const column = columnOf[e]! * width + x;
          if (column < columns) weights[i * columns + column]! += values[(e * height + (i % height)) * width + x]!;
        }
      }
    }
    return plain(rows, columns, weights);
  },

  hashed({ rows, columns, slots, run, hash: { a, b, c } }) {
    const hashed = (key: number): number => (c + Math.imul(key, b + Math.imul(a, key))) >>> 0;
    const sign = (key: number) => 1 - 2 * (hashed(key) >>> 31);
    return plain(
      rows,
      columns,
      Float64Array.from({ length: rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const slot = ((hashed(Math.floor(i / run)) % slots.length) + (i % run)) % slots.length;
        return sign(column) * sign(columns + row) * slots[slot]!;
      }),
    );
  },

  chain(chain) {
    const { rows, columns } = chain;
    return whole(rows, columns, throughLinks(chain, 'values'), throughLinks(chain, 'magnitudes'));
  },

  sum(parts) {
    const [{ rows, columns }] = parts as [DenseWeight];
    const total = (key: 'values' | 'magnitudes') =>
      parts[0]![key].map((_, at) => parts.reduce((sum, part) => sum + part[key][at]!, 0));
    return whole(rows, columns, total('values'), total('magnitudes'));
  },

  scaled: ({ rows, columns, values, magnitudes }, scales) =>
    whole(
      rows,
      columns,
      values.map((value, at) => value * scales[at % columns]!),
      magnitudes.map((value, at) => value * Math.abs(scales[at % columns]!)),
    ),

  columnParts(parts) {
    const { rows } = parts[0]!.weight;
    const all = parts.reduce((sum, { columns }) => sum + columns.length, 0);
    const joined = (key: 'values' | 'magnitudes') => {
      const result = new Float64Array(rows * all);
      for (const { weight, columns } of parts) {
        weight[key].forEach((value, at) => {
          result[Math.floor(at / weight.columns) * all + columns[at % weight.columns]!] = value;
        });
      }
      return result;
    };
    return whole(rows, all, joined('values'), joined('magnitudes'));
  },
} satisfies WeightMaker<DenseWeight>;

/** W [rows, columns] of a chain: column j is what the chain computes for the unit vector j. */
function throughLinks(chain: Chain<DenseWeight>, key: 'values' | 'magnitudes'): Float64Array {
  const { rows, columns, links } = chain;
  const lengths = lengthsOf(chain);
  const weights = new Float64Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    let numbers = new Float64Array(lengths[0]!);
    numbers[column] = 1;
    links.forEach((link, k) => {
      const { weight, behind } = link;
      const next = new Float64Array(lengths[k + 1]!);
      for (let piece = 0; piece < piecesOf(link, lengths[k]!); piece++) {
        const [from, to] = [piece * weight.columns * behind, piece * weight.rows * behind];
        const x = numbers.subarray(from, from + weight.columns * behind);
        next.set(matmul(weight[key], x, weight.rows, behind, weight.columns), to);
      }
      numbers = next;
    });
    for (let row = 0; row < rows; row++) weights[row * columns + column] = numbers[row]!;
  }
  return weights;
}

const whole = (rows: number, columns: number, values: Float64Array, magnitudes: Float64Array): DenseWeight => ({
  rows,
  columns,
  bytes: 8 * rows * columns,
  values,
  magnitudes,
  free: () => undefined,
});

const plain = (rows: number, columns: number, values: Float64Array): DenseWeight =>
  whole(rows, columns, values, values.map(Math.abs));

/** x·Wᵀ in float64, and |x|·magnitudesᵀ, to which its rounding is relative. */
export function productOf(x: ArrayLike<number>, tokens: number, weight: DenseWeight) {
  const { rows, columns, values, magnitudes } = weight;
  const across = (a: ArrayLike<number>, b: Float64Array) => matmul(a, b, tokens, rows, columns, { transposeB: true });
  return { y: across(x, values), magnitudes: across(Float64Array.from(x, Math.abs), magnitudes) };
}
