import { describe } from 'vitest';
import { createGpuBackend } from '../gpu/backend';
import { linalgSuite } from './suite';

describe('linear algebra on the GPU', () => {
  linalgSuite(async () => {
    const backend = await createGpuBackend(navigator.gpu);
    if (!backend) throw new Error('There is no WebGPU adapter.');
    return backend;
  });
});
