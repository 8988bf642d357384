import type { Backend, Matrix } from '../backend';
import type { LongCall } from '../progress';
import { principalAxes } from './principalAxes';
import { powerOfTwoScale, scaled } from './scaling';
import { transpose } from './transpose';

export interface MatrixWeight {
  /** `[rows, columns]`, row-major. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** For error messages. */
  readonly name?: string | undefined;
}

/**
 * A singular value decomposition, reduced to what is worth keeping: the k² entries of the short side's basis,
 * k = min(rows, columns). The long side follows from a product with the weight, when it is truncated.
 */
export interface Svd {
  /** k singular values, falling. */
  readonly values: Float64Array;
  /** `[k, k]`; row i is the i-th singular vector of the short side. */
  readonly basis: Float32Array<ArrayBuffer>;
  /** Whether the short side is the columns: then `basis` holds right singular vectors, else left ones. */
  readonly transposed: boolean;
  /** The power of two by which the weight was multiplied for the computation; `values` are the weight's own. */
  readonly scale: number;
}

/**
 * Decomposes W `[rows, columns]`. Singular values are good to 2e−6·σ₁. No square matrix of the long side is made.
 * Throws a UserError where the weight has NaN or infinite entries.
 */
export async function svd(backend: Backend, weight: MatrixWeight, call: LongCall = {}): Promise<Svd> {
  const { values, rows, columns } = weight;
  const scale = powerOfTwoScale(values, weight.name);
  const transposed = rows > columns;
  const a = scaled(transposed ? transpose(values, rows, columns) : values, scale);
  const [k, l] = transposed ? [columns, rows] : [rows, columns];
  const { basis, norms } = await principalAxes(backend, a, k, l, {
    signal: call.signal,
    onProgress: (share) => call.onProgress?.({ done: share, total: 1, label: 'Singular vectors' }),
  });
  return { values: norms.map((norm) => norm / scale), basis, transposed, scale };
}

/**
 * The best rank-`rank` approximation: W ≈ left·right with left `[rows, rank]` and right `[rank, columns]`.
 *
 * σ is shared evenly, left = U·√σ and right = √σ·Vᵀ: both factors then have the same range, column by column, which
 * rounds better than an orthonormal factor beside one that spans the whole spectrum. (float16 has 5 exponent bits, and
 * the groups of a quantised factor share a scale.) A singular value of zero gives zeros on both sides.
 *
 * Throws a RangeError unless `rank` is a whole number from 1 to min(rows, columns).
 */
export async function truncate(
  backend: Backend,
  { values, rows, columns }: Omit<MatrixWeight, 'name'>,
  { basis, values: sigma, transposed, scale }: Svd,
  rank: number,
): Promise<{ left: Float32Array<ArrayBuffer>; right: Float32Array<ArrayBuffer> }> {
  const k = Math.min(rows, columns);
  if (!Number.isInteger(rank) || rank < 1 || rank > k) {
    throw new RangeError(`A [${rows}, ${columns}] matrix has ranks 1 to ${k}, not ${rank}.`);
  }
  const held: Matrix[] = [];
  const hold = (matrix: Matrix): Matrix => {
    held.push(matrix);
    return matrix;
  };
  try {
    const weight = hold(backend.upload(scaled(values, scale), rows, columns));
    const leading = basis.slice(0, rank * k);
    const axes = hold(backend.upload(leading, rank, k));
    const product = await backend.download(
      hold(transposed ? await backend.multiply(weight, axes, { b: true }) : await backend.multiply(axes, weight)),
    );
    const roots = Float64Array.from(sigma.subarray(0, rank), Math.sqrt);
    const rest = roots.map((root) => (root === 0 ? 0 : 1 / (root * scale)));
    return transposed
      ? { left: scaleColumns(product, rank, rest), right: scaleRows(leading, rank, roots) }
      : {
          left: scaleColumns(transpose(leading, rank, k), rank, roots),
          right: scaleRows(product, rank, rest),
        };
  } finally {
    backend.free(...held);
  }
}

function scaleRows(matrix: Float32Array<ArrayBuffer>, rows: number, factors: Float64Array) {
  const columns = matrix.length / rows;
  for (let i = 0; i < rows; i++) {
    for (let at = i * columns; at < (i + 1) * columns; at++) matrix[at] *= factors[i];
  }
  return matrix;
}

function scaleColumns(matrix: Float32Array<ArrayBuffer>, columns: number, factors: Float64Array) {
  for (let at = 0; at < matrix.length; at += columns) {
    for (let j = 0; j < columns; j++) matrix[at + j] *= factors[j];
  }
  return matrix;
}
