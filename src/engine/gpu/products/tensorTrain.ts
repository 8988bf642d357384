import type { TensorTrainForm } from '../../weightForm';
import { tensorSiteKernels } from './kernels';
import { anyKernel, type Preparation, sizeOf } from './product';
import { tileSteps } from './steps';

/** Elements between two sites at most; more tokens are multiplied in turns. 16 MiB. */
const BETWEEN = 2 ** 22;

const product = (values: readonly number[]) => values.reduce((all, value) => all * value, 1);

/**
 * Contracts x with one core after the other, from the left. With prefix Jₗ = ∏ₗ<ₖ out[l] and rest Iₗ = ∏ₗ>ₖ in[l], site k
 * takes Jₗ·Iₗ·out[k]·χ(k)·χ(k−1)·in[k] multiply-adds a token, and leaves Jₗ·Iₗ·out[k]·χ(k) numbers.
 */
export const prepareTensorTrain: Preparation<TensorTrainForm> = ({ buffers, variants }, form) => {
  const { out, in: into, bonds, cores } = form;
  const [rows, columns] = [product(out), product(into)];
  const sites = cores.map((core, k) => {
    const [left, right] = [bonds[k - 1] ?? 1, bonds[k] ?? 1];
    const fits = core.length === left * (out[k] ?? 0) * (into[k] ?? 0) * right;
    return { left, right, fits, prefix: product(out.slice(0, k)), rest: product(into.slice(k + 1)) };
  });
  const lengths = [out, into].every(({ length }) => length === cores.length) && bonds.length === cores.length - 1;
  if (!lengths || cores.length === 0 || sites.some(({ fits }) => !fits)) {
    throw new RangeError(`The cores of a [${out.join('·')}, ${into.join('·')}] tensor train do not fit its bonds.`);
  }
  const what = `A core of a [${rows}, ${columns}] tensor train`;
  const held = cores.map((core, k) => {
    const { left, right } = sites[k]!;
    return buffers.upload(asMatrix(core, left, out[k]!, into[k]!, right), what);
  });
  const made = (k: number) => sites[k]!.prefix * out[k]! * sites[k]!.right * sites[k]!.rest;
  const largest = Math.max(1, ...cores.slice(1).map((_, k) => made(k)));
  return {
    rows,
    columns,
    bytes: sizeOf(...held),
    multiplyAdds: sites.reduce((sum, { left }, k) => sum + made(k) * left * into[k]!, 0),
    kernels: [anyKernel(tensorSiteKernels[variants.tile])],
    *steps(operand, scratch, pace) {
      const { tokens } = operand;
      const atOnce = Math.max(1, Math.min(tokens, Math.floor(BETWEEN / largest)));
      // A site reads what the one before it wrote.
      const between = cores.length > 1 ? [scratch(atOnce * largest), scratch(atOnce * largest)] : [];
      for (let first = 0; first < tokens; first += atOnce) {
        const here = Math.min(atOnce, tokens - first);
        for (const [k, { left, right, prefix, rest }] of sites.entries()) {
          const last = k === cores.length - 1;
          const part = {
            x: k === 0 ? operand.x : between[(k - 1) % 2]!,
            y: last ? operand.y : between[k % 2]!,
            tokens: here * prefix * rest,
            accumulate: last && operand.accumulate,
          };
          const shape = {
            rows: out[k]! * right,
            columns: left * into[k]!,
            extra: {
              rest,
              inputOrigin: k === 0 ? first * columns : 0,
              outputOrigin: last ? first * rows : 0,
            },
            buffers: (x: GPUBuffer) => [x, held[k]!, part.y],
          };
          yield* tileSteps(tensorSiteKernels, variants.tile, shape, part, pace);
        }
      }
    },
    free: () => buffers.free(...held),
  };
};

/** core [left, out, in, right] as a matrix [(out, right), (left, in)]. */
function asMatrix(core: Float32Array, left: number, out: number, into: number, right: number): Float32Array {
  const matrix = new Float32Array(core.length);
  for (let a = 0; a < left; a++) {
    for (let j = 0; j < out; j++) {
      for (let i = 0; i < into; i++) {
        for (let b = 0; b < right; b++) {
          matrix[(j * right + b) * left * into + a * into + i] = core[((a * out + j) * into + i) * right + b]!;
        }
      }
    }
  }
  return matrix;
}
