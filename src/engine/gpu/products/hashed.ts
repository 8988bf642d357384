import type { HashedArrays } from '../../backend/weights';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { sharedTileKernels, sharedVectorKernels, unshareKernel } from './decodingKernels';
import type { PreparedForm, ProductContext } from './product';

const kernels = { vector: sharedVectorKernels, tile: sharedTileKernels, dense: unshareKernel };

/** The slots alone are stored; places and signs are hashed in the kernel, in 32-bit arithmetic. */
export function hashedWeight({ buffers, variants }: ProductContext, weight: HashedArrays): PreparedForm {
  const { rows, columns, slots: values, run, hash } = weight;
  if (values.length < 1 || values.length >= 2 ** 31) throw new RangeError(`${values.length} slots: take 1 to 2³¹ − 1.`);
  if (!(run >= 1 && run <= values.length)) throw new RangeError(`Runs of ${run} on ${values.length} slots.`);
  if (rows * columns > 2 ** 32) throw new RangeError(`${rows * columns} weights: indices beyond 2³² cannot be hashed.`);
  const slots = buffers.upload(values, `The slots of a [${rows}, ${columns}] weight`);
  const extra = { slotCount: values.length, run, hashA: hash.a, hashB: hash.b, hashC: hash.c };
  return {
    rows,
    columns,
    bytes: slots.size,
    kernels: decodingKernelsOf(kernels, rows, variants),
    steps: (operand, scratch, pace) =>
      decodedSteps(
        kernels,
        variants,
        { rows, columns, extra, vectorExtra: { columns }, stored: [slots] },
        operand,
        scratch,
        pace,
      ),
    free: () => buffers.free(slots),
  };
}
