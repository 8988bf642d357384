import type { SharedForm } from '../../weightForm';
import { padTokensKernel, sharedTileKernel, sharedVectorKernels } from './kernels';
import { anyKernel, type Preparation } from './product';
import { tileSteps, VECTOR_TOKENS, vectorSteps } from './steps';

/** The slots alone are stored; place and sign of each weight are hashed in the kernel, in 32-bit arithmetic. */
export const prepareShared: Preparation<SharedForm> = ({ buffers }, form) => {
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
    kernels: [padTokensKernel, sharedTileKernel, ...sharedVectorKernels].map(anyKernel),
    *steps(operand, scratch, pace) {
      const bound = (x: GPUBuffer) => [x, slots, operand.y];
      const shape = { rows, columns, extra, buffers: bound };
      if (operand.tokens > VECTOR_TOKENS) yield* tileSteps(sharedTileKernel, shape, operand, pace);
      else {
        const own = { ...shape, extra: { columns, ...extra } };
        yield* vectorSteps(sharedVectorKernels, own, operand, scratch, pace);
      }
    },
    free: () => buffers.free(slots),
  };
};
