// WebGPU's flags by their values in the specification: Node has no GPUBufferUsage unless Dawn's globals are installed.
export const USAGE = { mapRead: 0x01, copySource: 0x04, copyTarget: 0x08, uniform: 0x40, storage: 0x80 } as const;
export const MAP_READ = 0x01;
export const COMPUTE_STAGE = 0x04;
