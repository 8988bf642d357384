import { hashOf } from '../../sharing';
import type { SharedForm } from '../../weightForm';
import { decodedSteps, decodingKernelsOf } from './decoded';
import { sharedTileKernels, sharedVectorKernels, unshareKernel } from './kernels';
import type { Preparation } from './product';

const kernels = { vector: sharedVectorKernels, tile: sharedTileKernels, dense: unshareKernel };

/** The slots alone are stored; places and signs are hashed in the kernel, in 32-bit arithmetic. */
export const prepareShared: Preparation<SharedForm> = ({ buffers, variants }, form) => {
  const { rows, columns, slots: values, run, scale, offset, seed } = form;
  if (values.length < 1 || values.length >= 2 ** 31) throw new RangeError(`${values.length} slots: take 1 to 2³¹ − 1.`);
  if (!(run >= 1 && run <= values.length)) throw new RangeError(`Runs of ${run} on ${values.length} slots.`);
  if (offset < 0 || offset + rows * columns > 2 ** 32) {
    throw new RangeError(`Weights ${offset} to ${offset + rows * columns}: indices beyond 2³² cannot be hashed.`);
  }
  const slots = buffers.upload(values, `The slots of a [${rows}, ${columns}] weight`);
  const { a: hashA, b: hashB, c: hashC } = hashOf(seed);
  const extra = { slotCount: values.length, run, offset, hashA, hashB, hashC, scale };
  return {
    rows,
    columns,
    bytes: slots.size,
    multiplyAdds: rows * columns,
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
};
