import type { Factorisations } from './factorisations';
import type { MethodContext } from './method';

/** What `apply` is given for a Gemm of a model of opset 17 without calibration data, but for `more`. */
export const methodContext = (factorisations: Factorisations, more: Partial<MethodContext> = {}): MethodContext => ({
  factorisations,
  seed: 0,
  opset: 17,
  op: 'Gemm',
  noInput: 'no calibration data was given',
  ...more,
});
