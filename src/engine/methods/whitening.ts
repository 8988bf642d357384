import type { Backend, Matrix } from '../backend/backend';
import type { LongCall } from '../core/progress';
import { cholesky } from '../eigen/cholesky';
import { Held } from '../linalg/held';
import type { InputStatistics } from '../operators/statistics';

/**
 * Whitening: with S·Sᵀ = H/samples an error Δ of the weight changes the output by ‖X·Δᵀ‖ = √samples·‖Δ·S‖. A plain
 * factorisation of W·S is therefore the best one for the output.
 */
export const WHITENINGS = ['none', 'diagonal', 'full'] as const;

export type Whitening = Exclude<(typeof WHITENINGS)[number], 'none'>;

/**
 * Added to the diagonal of H, relative to its mean: inputs that are always zero, or that always change together, make H
 * singular. GPTQ uses the same value. On the bundled language model's blocks at half their size it made no difference
 * with 64 windows of calibration data (perplexity 4.930; 4.931 with a millionth), and helped with a single window
 * (5.30; 5.32). Ten times as much helped that further (5.17), but then one outlier channel would count for more than
 * all other data.
 */
export const DAMPING = 1e-2;

/**
 * The damping grows by this factor where the factorisation fails: H is a sum of rounded products, and an outlier
 * channel is far from its mean.
 */
const HARDER = 10;

/**
 * √(mean x²) of each input, [size]: the weight of its column of W if inputs were independent (the diagonal of H, as in
 * ASVD by Yuan et al., 2023). Damped, so that it is safe to divide by; undefined where all inputs are zero.
 */
export function diagonalRoot({ meanSquare, size }: InputStatistics): Float64Array<ArrayBuffer> | undefined {
  const mean = meanSquare.reduce((sum, value) => sum + value, 0) / size;
  return mean > 0 ? Float64Array.from(meanSquare, (value) => Math.sqrt(value + DAMPING * mean)) : undefined;
}

/**
 * S with S·Sᵀ = H/samples, damped: [size, size] row-major, lower triangular (SVD-LLM by Wang et al., 2024). n³/3
 * operations in float64. undefined where all inputs are zero.
 */
export async function fullRoot(
  input: InputStatistics,
  call: LongCall = {},
): Promise<Float64Array<ArrayBuffer> | undefined> {
  const { size: n, samples } = input;
  // A copy, because the statistics may keep the original.
  const moments = (await input.gram()).map((value) => value / samples);
  let mean = 0;
  for (let i = 0; i < n; i++) mean += moments[i * n + i]! / n;
  if (!(mean > 0)) return undefined;
  for (let damping = DAMPING, before = 0; ; before = damping, damping *= HARDER) {
    for (let i = 0; i < n; i++) moments[i * n + i]! += (damping - before) * mean;
    const { lower, pivot } = await cholesky(moments, n, call);
    if (lower) return lower;
    if (!(damping < 1)) throw new RangeError(`Second moments that are not positive semidefinite (pivot ${pivot}).`);
  }
}

/** W·S, [rows, size], up to a factor that keeps it in range; undefined where all inputs are zero. */
export async function whitened(
  backend: Backend,
  values: Float32Array,
  rows: number,
  input: InputStatistics,
  whitening: Whitening,
  call: LongCall = {},
): Promise<Float32Array<ArrayBuffer> | undefined> {
  const { size } = input;
  const root = whitening === 'full' ? await fullRoot(input, call) : diagonalRoot(input);
  if (!root) return undefined;
  const largest = root.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let i = 0; i < root.length; i++) root[i]! /= largest;
  if (whitening === 'diagonal') return Float32Array.from(values, (value, at) => value * root[at % size]!);
  const held = new Held(backend);
  try {
    const weight = held.hold(backend.upload(values, rows, size));
    const factor = held.hold(backend.upload(Float32Array.from(root), size, size));
    return await backend.download(held.hold(await backend.multiply(weight, factor)));
  } finally {
    held.freeAll();
  }
}

/**
 * The energy of each output direction, in order: tᵢ·(H/samples)·tᵢᵀ for the rows tᵢ of T = Uᵀ·W [count, size]. The sum
 * over directions that are left out is exactly the mean square error of the output, however they were chosen.
 */
export async function energiesOf(
  backend: Backend,
  directions: Matrix,
  input: InputStatistics,
): Promise<Float64Array<ArrayBuffer>> {
  const { size, samples } = input;
  const moments = await input.gram();
  // float32 products of large sums would overflow.
  const scale = moments.reduce((most, value) => Math.max(most, value), 0) || 1;
  const held = new Held(backend);
  try {
    const scaled = held.hold(
      backend.upload(
        Float32Array.from(moments, (value) => value / scale),
        size,
        size,
      ),
    );
    const product = await backend.download(held.hold(await backend.multiply(directions, scaled)));
    const values = await backend.download(directions);
    return Float64Array.from({ length: directions.rows }, (_, i) => {
      let sum = 0;
      for (let at = i * size; at < (i + 1) * size; at++) sum += values[at]! * product[at]!;
      return (Math.max(0, sum) * scale) / samples;
    });
  } finally {
    held.freeAll();
  }
}
