/** What the page loads to measure the kernels of this GPU. */

export type { GpuReport } from '../gpu/measure/measure';
export { measureGpu } from '../gpu/measure/measure';
export type { SparsityCurve } from '../gpu/measure/sparsity';
