import { transpose } from './transpose';

/** W ≈ left·right. */
export interface Factors {
  /** `[rows, rank]` */
  readonly left: Float32Array<ArrayBuffer>;
  /** `[rank, columns]` */
  readonly right: Float32Array<ArrayBuffer>;
}

/** The leading singular triplets of a weight, from its short side. */
export interface Triplets {
  /** r singular values, falling. */
  readonly values: Float64Array;
  /** `[r, short]`; row i is the i-th singular vector of the short side. */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** `[r, long]`; row i is σ_i times the i-th singular vector of the long side, of the weight times `scale`. */
  readonly images: Float32Array<ArrayBuffer>;
  /** Whether the short side is the columns. */
  readonly transposed: boolean;
  /** The power of two by which the weight was multiplied for the computation; `values` are the weight's own. */
  readonly scale: number;
}

/**
 * The product of `vectors`ᵀ and `images` as two factors that share σ evenly, U·√σ and √σ·Vᵀ: both then have the same
 * range, column by column, which rounds better than an orthonormal factor beside one that spans the whole spectrum.
 * (float16 has 5 exponent bits, and the groups of a quantised factor share a scale.) A singular value of zero gives
 * zeros on both sides. Overwrites `vectors` and `images`.
 */
export function sharedFactors({ values, vectors, images, transposed, scale }: Triplets): Factors {
  const rank = values.length;
  const roots = values.map(Math.sqrt);
  const rest = roots.map((root) => (root === 0 ? 0 : 1 / (root * scale)));
  const short = scaleRows(vectors, roots);
  const long = scaleRows(images, rest);
  return transposed
    ? { left: transpose(long, rank, long.length / rank), right: short }
    : { left: transpose(short, rank, short.length / rank), right: long };
}

function scaleRows(matrix: Float32Array<ArrayBuffer>, factors: Float64Array) {
  const columns = matrix.length / factors.length;
  for (let i = 0; i < factors.length; i++) {
    for (let at = i * columns; at < (i + 1) * columns; at++) matrix[at] *= factors[i];
  }
  return matrix;
}

/**
 * The product of `directions`ᵀ, orthonormal rows [rank or more, rows], and `products` [rank or more, columns] as two factors,
 * scaled against each other so that both have the same range.
 */
export function balancedFactors(
  directions: Float32Array,
  products: Float32Array,
  rank: number,
  columns: number,
): Factors {
  const rows = directions.length / (products.length / columns);
  const left = directions.slice(0, rank * rows);
  const right = products.slice(0, rank * columns);
  for (let i = 0; i < rank; i++) {
    const row = right.subarray(i * columns, (i + 1) * columns);
    const norm = Math.sqrt(Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)));
    for (let at = i * rows; at < (i + 1) * rows; at++) left[at]! *= norm;
    if (norm > 0) for (let j = 0; j < columns; j++) row[j]! /= norm;
  }
  return { left: transpose(left, rank, rows), right };
}

export function checkRank(rows: number, columns: number, rank: number): void {
  const most = Math.min(rows, columns);
  if (!Number.isInteger(rank) || rank < 1 || rank > most) {
    throw new RangeError(`A [${rows}, ${columns}] matrix has ranks 1 to ${most}, not ${rank}.`);
  }
}
