import type { Backend } from '../backend/backend';
import type { LongCall } from '../core/progress';
import { principalAxes } from './principalAxes';
import { powerOfTwoScale, scaled } from './scaling';
import type { TuckerRanks } from './spectrum';
import { swapLeading, transpose } from './transpose';

export interface ConvolutionWeight {
  /** `[out, in, taps]`, row-major; `taps` is the number of entries of the kernel. */
  readonly values: Float32Array;
  readonly out: number;
  readonly in: number;
  readonly taps: number;
  /** For error messages. */
  readonly name?: string | undefined;
}

/** W = core ×₁ outBasisᵀ ×₂ inBasisᵀ with both bases orthogonal: the higher-order SVD of the two channel modes. */
export interface Hosvd {
  /** Singular values of the unfoldings `[out, in·taps]` and `[in, out·taps]`, falling; zeros beyond their rank. */
  readonly outValues: Float64Array;
  readonly inValues: Float64Array;
  /** `[out + 1, in + 1]`: energy of the core's leading (rOut, rIn) block; the last entry is ‖W‖². */
  readonly energy: Float64Array;
  /** `[out, out]` and `[in, in]`; rows are singular vectors. */
  readonly outBasis: Float32Array<ArrayBuffer>;
  readonly inBasis: Float32Array<ArrayBuffer>;
  /** `[out, in, taps]`, of the weight times `scale`. */
  readonly core: Float32Array<ArrayBuffer>;
  readonly taps: number;
  /** The power of two by which the weight was multiplied; the values and the energy are the weight's own. */
  readonly scale: number;
}

/**
 * Decomposes a convolution's weight for every pair of channel ranks at once. The input side is read from the rotated
 * weight: rotating the outputs leaves its singular vectors as they were, and the product it needs is then the core.
 * Throws a UserError where the weight has NaN or infinite entries.
 */
export async function hosvd(backend: Backend, weight: ConvolutionWeight, call: LongCall = {}): Promise<Hosvd> {
  const { out, in: inner, taps } = weight;
  const scale = powerOfTwoScale(weight.values, weight.name);
  const progress = (from: number, label: string) => ({
    signal: call.signal,
    onProgress: (share: number) => call.onProgress?.({ done: from + share / 2, total: 1, label }),
  });
  const outAxes = await principalAxes(
    backend,
    scaled(weight.values, scale),
    out,
    inner * taps,
    progress(0, 'Output channels'),
  );
  const inAxes = await principalAxes(
    backend,
    swapLeading(outAxes.product, out, inner, taps),
    inner,
    out * taps,
    progress(0.5, 'Input channels'),
  );
  const core = swapLeading(inAxes.product, inner, out, taps);
  return {
    outValues: outAxes.norms.map((norm) => norm / scale),
    inValues: inAxes.norms.map((norm) => norm / scale),
    energy: leadingEnergy(core, out, inner, taps, scale),
    outBasis: outAxes.basis,
    inBasis: inAxes.basis,
    core,
    taps,
    scale,
  };
}

/**
 * Energy of every leading block, computed as the total minus the energy outside of it. The outside is summed from its
 * smallest end, so that total − block gives the dropped energy without the rounding error of a long sum.
 */
function leadingEnergy(core: Float32Array, out: number, inner: number, taps: number, scale: number): Float64Array {
  const width = inner + 1;
  const squares = new Float64Array(out * inner);
  for (let at = 0; at < squares.length; at++) {
    for (let k = at * taps; k < (at + 1) * taps; k++) squares[at] += core[k] * core[k];
  }
  // rowTail[i]: the energy of all rows from i on.
  const rowTail = new Float64Array(out + 1);
  for (let i = out - 1; i >= 0; i--) {
    let sum = 0;
    for (let j = inner - 1; j >= 0; j--) sum += squares[i * inner + j];
    rowTail[i] = rowTail[i + 1] + sum;
  }
  const whole = rowTail[0];
  const energy = new Float64Array((out + 1) * width);
  // above[j]: the energy of the columns from j on, in the rows before i.
  const above = new Float64Array(width);
  for (let i = 0; i <= out; i++) {
    for (let j = 0; j <= inner; j++) energy[i * width + j] = Math.max(0, whole - (rowTail[i] + above[j]));
    if (i === out) break;
    let sum = 0;
    for (let j = inner - 1; j >= 0; j--) {
      sum += squares[i * inner + j];
      above[j] += sum;
    }
  }
  const unit = 1 / (scale * scale);
  return energy.map((value) => value * unit);
}

export interface Tucker2 {
  /** `[rIn, in]`, orthonormal rows: the 1×1 convolution before. */
  readonly input: Float32Array<ArrayBuffer>;
  /** `[rOut, rIn, taps]`: the k×k convolution between; it carries the weight's scale. */
  readonly core: Float32Array<ArrayBuffer>;
  /** `[out, rOut]`, orthonormal columns: the 1×1 convolution after. */
  readonly output: Float32Array<ArrayBuffer>;
}

/**
 * Keeps the leading block: W[t, c, k] ≈ Σ_{b<rOut, a<rIn} output[t, b]·core[b, a, k]·input[a, c].
 * Throws a RangeError unless the ranks are whole numbers from 1 to the channel counts.
 */
export function truncateTucker2(factors: Hosvd, { rOut, rIn }: TuckerRanks): Tucker2 {
  const out = factors.outValues.length;
  const inner = factors.inValues.length;
  const { taps, scale } = factors;
  for (const [rank, channels] of [
    [rOut, out],
    [rIn, inner],
  ]) {
    if (!Number.isInteger(rank) || rank < 1 || rank > channels) {
      throw new RangeError(`A convolution from ${inner} to ${out} channels has no ranks ${rOut}×${rIn}.`);
    }
  }
  const core = new Float32Array(rOut * rIn * taps);
  for (let b = 0; b < rOut; b++) {
    for (let at = 0; at < rIn * taps; at++) core[b * rIn * taps + at] = factors.core[b * inner * taps + at] / scale;
  }
  return {
    input: factors.inBasis.slice(0, rIn * inner),
    core,
    output: transpose(factors.outBasis.subarray(0, rOut * out), rOut, out),
  };
}
