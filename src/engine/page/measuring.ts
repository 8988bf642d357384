/** What the page loads to measure the kernels of this GPU. */

export type { GpuReport } from '../measure/measureGpu';
export { measureGpu } from '../measure/measureGpu';
export type { SparsityCurve } from '../measure/sparsity';
