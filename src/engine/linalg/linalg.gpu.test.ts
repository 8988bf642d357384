import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../gpu/backend';
import { testGpu } from '../gpu/testing';
import { decay, expectClose, plantedWeight, product, relativeError } from './spectra.fixtures';
import { truncationError } from './spectrum';
import { linalgSuite } from './suite';
import { svd, truncate } from './svd';
import { truncatedSvd } from './truncatedSvd';

async function open(panelBytes?: number): Promise<GpuBackend> {
  const backend = await createGpuBackend(await testGpu(), panelBytes === undefined ? {} : { panelBytes });
  if (!backend) throw new Error('There is no WebGPU adapter.');
  return backend;
}

describe('linear algebra on the GPU', () => {
  linalgSuite(() => open());
});

// What an embedding is beside the 128 MiB that some adapters bind: many rows, few columns, several panels of 64 rows.
describe('a matrix in panels', () => {
  const sigma = decay(96, 1e-3);
  const tall = plantedWeight({ name: 'tall', rows: 500, columns: 96, sigma });
  const wide = plantedWeight({ name: 'wide', rows: 96, columns: 500, sigma });
  let backend: GpuBackend;
  beforeAll(async () => {
    backend = await open(64 * 4 * 96);
    const matrix = backend.upload(tall.values, 500, 96);
    expect(backend.counts.buffers).toBe(8);
    backend.free(matrix);
  });
  afterAll(() => backend.dispose());

  it.each([tall, wide])('[$rows, $columns]: whole and leading decomposition', async (weight) => {
    // The tolerances of the suite.
    const whole = await svd(backend, weight);
    expectClose(whole.values, weight.truth, 2e-6);
    const rank = 16;
    const optimum = truncationError(weight.truth, rank);
    const factors = await truncate(backend, weight, whole, rank);
    const most = 1.0005 * optimum + 3e-7 * Math.sqrt(96);
    expect(relativeError(weight.values, product(factors.left, factors.right, weight, rank))).toBeLessThan(most);
    const leading = await truncatedSvd(backend, weight, { rank });
    expect(leading.error).toBeLessThan(most);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });
});
