import { symmetricEigen } from '../eigen/symmetricEigen';
import { Pacer } from '../progress';
import type { FactorizeCall, FactorizeContext } from './factorize';
import { matmulKernel } from './kernels';
import { matmulDispatches, type Product } from './matmul';

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

/** A new [m, m] buffer whose row i is the i-th left singular vector of `a` [m, n]; throws as `factorize` does. */
export async function factorizeByGram(
  context: FactorizeContext,
  a: GPUBuffer,
  m: number,
  n: number,
  { signal, onProgress }: FactorizeCall = {},
): Promise<GPUBuffer> {
  const { dispatcher, buffers, productPace } = context;
  await dispatcher.pipelines.prepare(matmulKernel);
  const pacer = new Pacer(signal);
  const multiply = (product: Product) =>
    dispatcher.runPaced(matmulDispatches(product, productPace), productPace, { signal });
  const what = `The factorisation of a [${m}, ${n}] matrix`;
  const square = buffers.create(m * m, what);
  const rows = buffers.create(m * n, what);
  let basis: GPUBuffer | undefined;
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const turned = basis ? rows : a;
      if (basis) await multiply({ m, n, k: m, a: basis, b: a, c: rows });
      await multiply({ m, n: m, k: n, a: turned, b: turned, c: square, transposeB: true });
      const gram = Float64Array.from(new Float32Array(await buffers.read(square)));
      const largest = largestCosine(gram, m);
      if (!Number.isFinite(largest)) {
        throw new RangeError(`The matrix [${m}, ${n}] has values that are not finite, or too large to be squared.`);
      }
      // Two rounds are usual, more are not known beforehand: each tells half of what is left.
      const share = (part: number) => onProgress?.(1 - 2 ** -(round + part));
      const { vectors } = await symmetricEigen(gram, m, pacer, share);
      const turn = buffers.upload(new Float32Array(vectors), what);
      if (!basis) basis = turn;
      else basis = await composed(turn, basis);
      if (largest <= SMALL_TURN) {
        onProgress?.(1);
        return keep(basis);
      }
    }
    throw new Error(`${what} did not converge in ${MOST_ROUNDS} rounds.`);
  } finally {
    buffers.free(square, rows, ...(basis ? [basis] : []));
  }

  async function composed(turn: GPUBuffer, before: GPUBuffer): Promise<GPUBuffer> {
    const product = buffers.create(m * m, what);
    try {
      await multiply({ m, n: m, k: m, a: turn, b: before, c: product });
    } finally {
      buffers.free(turn, before);
    }
    return product;
  }

  function keep(result: GPUBuffer): GPUBuffer {
    basis = undefined;
    return result;
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
