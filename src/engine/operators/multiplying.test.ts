import { afterAll, describe, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { OPERATORS } from './all.fixtures';
import { expectMultiplies } from './multiplying.fixtures';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

describe('operators multiply on the CPU as their dense weights do', () => {
  it.each(Object.entries(OPERATORS))('%s', async (name, make) => expectMultiplies(backend, await make(17), name));

  it('those of the oldest opset, whose places are stored in other layouts', async () => {
    for (const [name, make] of Object.entries(OPERATORS)) {
      if (name.includes('sparse')) await expectMultiplies(backend, await make(7), name, [2, 9]);
    }
  });
});
