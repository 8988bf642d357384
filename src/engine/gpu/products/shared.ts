import type { SharedForm } from '../../weightForm';
import { MOST_VECTORS } from '../matmul';
import { padTokensKernel, sharedTileKernels, sharedVectorKernels } from './kernels';
import { anyKernel, type Preparation } from './product';
import { tileSteps, vectorSteps } from './steps';

/** The slots alone are stored; place and sign of each weight are hashed in the kernel, in 32-bit arithmetic. */
export const prepareShared: Preparation<SharedForm> = ({ buffers, variants }, form) => {
  const { rows, columns, slots: values, scale, offset, seed } = form;
  if (values.length < 1 || values.length >= 2 ** 31) throw new RangeError(`${values.length} slots: take 1 to 2³¹ − 1.`);
  if (offset < 0 || offset + rows * columns > 2 ** 32) {
    throw new RangeError(`Weights ${offset} to ${offset + rows * columns}: indices beyond 2³² cannot be hashed.`);
  }
  const slots = buffers.upload(values, `The slots of a [${rows}, ${columns}] weight`);
  const extra = { slotCount: values.length, offset, seed: seed >>> 0, scale };
  return {
    rows,
    columns,
    bytes: slots.size,
    multiplyAdds: rows * columns,
    kernels: [
      padTokensKernel,
      sharedTileKernels[variants.decodingTile],
      ...sharedVectorKernels.get(variants.rowSlices)!,
    ].map(anyKernel),
    *steps(operand, scratch, pace) {
      const bound = (x: GPUBuffer) => [x, slots, operand.y];
      const shape = { rows, columns, extra, buffers: bound };
      if (operand.tokens > MOST_VECTORS)
        yield* tileSteps(sharedTileKernels, variants.decodingTile, shape, operand, pace);
      else {
        const own = { ...shape, extra: { columns, ...extra } };
        yield* vectorSteps(sharedVectorKernels, variants.rowSlices, own, operand, scratch, pace);
      }
    },
    free: () => buffers.free(slots),
  };
};
