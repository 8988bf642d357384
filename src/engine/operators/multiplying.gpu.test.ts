import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../gpu/backend';
import { testGpu } from '../gpu/testing';
import { OPERATORS } from './all.fixtures';
import { expectMultiplies } from './multiplying.fixtures';

let backend: GpuBackend;
beforeAll(async () => {
  backend = (await createGpuBackend(await testGpu()))!;
});
afterAll(() => backend?.dispose());
let held: number;
beforeEach(() => {
  held = backend.counts.buffers;
});
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') expect(backend.counts.buffers).toBe(held);
});

describe('operators multiply on the GPU as their dense weights do', () => {
  it.each(Object.entries(OPERATORS))('%s', async (name, make) => expectMultiplies(backend, await make(17), name));

  it('in panels of rows, where the adapter binds less', async () => {
    const small = (await createGpuBackend(await testGpu(), { panelBytes: 2048 }))!;
    try {
      for (const [name, make] of Object.entries(OPERATORS))
        await expectMultiplies(small, await make(17), name, [1, 17]);
    } finally {
      small.dispose();
    }
  });
});
