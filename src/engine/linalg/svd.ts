import type { Backend, Count } from '../backend/backend';
import type { LongCall } from '../core/progress';
import { checkRank, type Factors, sharedFactors } from './factors';
import { Held } from './held';
import { singularBasis } from './principalAxes';
import { powerOfTwoScale, scaled } from './scaling';
import { toLong } from './sided';
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
 * A singular value decomposition without the long side's vectors: singular values, and as many vectors of the short side
 * (k = min(rows, columns)) as were asked for. Truncation computes the long side by a product with the weight.
 */
export interface Svd {
  /** k singular values, falling. */
  readonly values: Float64Array;
  /** `[count or more, k]`; row i is the i-th singular vector of the short side. */
  readonly basis: Float32Array<ArrayBuffer>;
  /** Whether the short side is the columns: then `basis` holds right singular vectors, else left ones. */
  readonly transposed: boolean;
  /** The power of two by which the weight was multiplied for the computation; `values` are the weight's own. */
  readonly scale: number;
}

/**
 * Decomposes W `[rows, columns]`. Singular values are good to 2e−6·σ₁. No square matrix of the long side is made.
 * `count` is the number of wanted vectors, or a function of the singular values that gives it; absent: all. Fewer vectors
 * take less time. Throws a UserError where the weight has NaN or infinite entries.
 */
export async function svd(
  backend: Backend,
  weight: MatrixWeight,
  { count, ...call }: LongCall & { readonly count?: Count | undefined } = {},
): Promise<Svd> {
  const { values, rows, columns } = weight;
  const scale = powerOfTwoScale(values, weight.name);
  const transposed = rows > columns;
  const a = scaled(transposed ? transpose(values, rows, columns) : values, scale);
  const [k, l] = transposed ? [columns, rows] : [rows, columns];
  const found = await singularBasis(backend, a, k, l, {
    count: typeof count === 'function' ? (sigma) => count(sigma.map((value) => value / scale)) : count,
    signal: call.signal,
    onProgress: (share) => call.onProgress?.({ done: share, total: 1, label: 'Singular vectors' }),
  });
  return { values: found.values.map((value) => value / scale), basis: found.basis, transposed, scale };
}

/**
 * The best rank-`rank` approximation: W ≈ left·right with left `[rows, rank]` and right `[rank, columns]`, σ shared
 * evenly between them. Throws a RangeError unless `rank` is a whole number from 1 to min(rows, columns), or where the
 * basis has fewer vectors.
 */
export async function truncate(
  backend: Backend,
  { values, rows, columns }: Omit<MatrixWeight, 'name'>,
  { basis, values: sigma, transposed, scale }: Svd,
  rank: number,
): Promise<Factors> {
  checkRank(rows, columns, rank);
  const k = Math.min(rows, columns);
  if (basis.length < rank * k) throw new RangeError(`Of ${rank} singular vectors only ${basis.length / k} were made.`);
  const held = new Held(backend);
  try {
    const weight = held.hold(backend.upload(scaled(values, scale), rows, columns));
    const vectors = basis.slice(0, rank * k);
    const axes = held.hold(backend.upload(vectors, rank, k));
    const images = await backend.download(held.hold(await toLong(backend, { weight, transposed }, axes)));
    return sharedFactors({ vectors, images, values: sigma.subarray(0, rank), transposed, scale });
  } finally {
    held.freeAll();
  }
}
