import type { Backend, Matrix } from '../backend/backend';
import { Pacer } from '../core/progress';
import { symmetricEigen } from '../eigen/symmetricEigen';
import type { FactorizeCall } from './factorize';

/**
 * Left singular vectors from products on the GPU and a float64 eigenproblem on the CPU, for adapters without hardware:
 * a barrier costs SwiftShader about a microsecond per workgroup, and `factorize` is made of barriers (512 × 1960 took
 * 130 s with it on two cores).
 *
 * The eigenvectors of the float32 Gram matrix A·Aᵀ say nothing of directions below 3e−4·σ₁, whose squares drown in its
 * rounding. But the rows of R = J·A, once turned that far, are graded: each entry of R·Rᵀ is right to roundoff relative
 * to its two rows' lengths, so that a second turn finds the small directions too. Each round squares the cosines that it
 * saw, down to roundoff.
 */
// With cosines below this before a turn, those after it are below roundoff.
const SMALL_TURN = 1e-3;
const MOST_ROUNDS = 6;
// J·A is rounded to this much of the matrix's norm in every row, which turns short rows by as much over their length.
const ROUNDING = 8 * 2 ** -24;

/** The products of a backend, which may be cancelled. */
export interface Products extends Pick<Backend, 'upload' | 'download' | 'free'> {
  multiply(a: Matrix, b: Matrix, transpose?: { a?: boolean; b?: boolean }, signal?: AbortSignal): Promise<Matrix>;
}

/** A new [m, m] matrix whose row i is the i-th left singular vector of `a` [m, n]; throws as `factorize` does. */
export async function factorizeByGram(
  { upload, download, free, multiply }: Products,
  a: Matrix,
  { signal, onProgress }: FactorizeCall = {},
): Promise<Matrix> {
  const { rows: m, columns: n } = a;
  const pacer = new Pacer(signal);
  let basis: Matrix | undefined;
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const gram = await gramOf(basis);
      const largest = largestCosine(gram, m);
      if (!Number.isFinite(largest)) {
        throw new RangeError(`The matrix [${m}, ${n}] has values that are not finite, or too large to be squared.`);
      }
      // Two rounds are usual, more are not known beforehand: each tells half of what is left.
      const share = (part: number) => onProgress?.(1 - 2 ** -(round + part));
      const { vectors } = await symmetricEigen(gram, m, pacer, { onProgress: share });
      const turn = upload(new Float32Array(vectors), m, m);
      basis = basis ? await composed(turn, basis) : turn;
      if (largest <= SMALL_TURN) {
        onProgress?.(1);
        const found = basis;
        basis = undefined;
        return found;
      }
    }
    throw new Error(`The factorisation of a [${m}, ${n}] matrix did not converge in ${MOST_ROUNDS} rounds.`);
  } finally {
    if (basis) free(basis);
  }

  /** (J·A)·(J·A)ᵀ, or A·Aᵀ before there is a J. */
  async function gramOf(turns: Matrix | undefined): Promise<Float64Array> {
    const held: Matrix[] = [];
    try {
      const turned = turns ? await multiply(turns, a, {}, signal) : a;
      if (turned !== a) held.push(turned);
      const square = await multiply(turned, turned, { b: true }, signal);
      held.push(square);
      return new Float64Array(await download(square));
    } finally {
      free(...held);
    }
  }

  async function composed(turn: Matrix, before: Matrix): Promise<Matrix> {
    basis = undefined;
    try {
      return await multiply(turn, before, {}, signal);
    } finally {
      free(turn, before);
    }
  }
}

/** The largest |g_ij|/√(g_ii·g_jj), less what rounding explains; not finite where an entry isn't. */
function largestCosine(gram: Float64Array, m: number): number {
  const lengths = Float64Array.from({ length: m }, (_, i) => Math.sqrt(gram[i * m + i]!));
  const rounding = ROUNDING * Math.sqrt(lengths.reduce((sum, length) => sum + length * length, 0));
  let largest = Number.isFinite(rounding) ? 0 : Number.NaN;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < i; j++) {
      const shorter = Math.min(lengths[i]!, lengths[j]!);
      if (shorter <= rounding) continue;
      const cosine = Math.abs(gram[i * m + j]!) / (lengths[i]! * lengths[j]!) - rounding / shorter;
      if (!(cosine <= largest)) largest = cosine;
    }
  }
  return largest;
}
