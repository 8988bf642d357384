import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { methods } from '../methods/registry';
import { expectMultiplies } from '../operators/multiplying.fixtures';
import { operatorsAfter } from './stacking.fixtures';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

describe('every stack of two methods multiplies in its own form on every kind of layer', () => {
  it.each(methods.map(({ name }) => name))('%s, then each other', async (first) => {
    const operators = await operatorsAfter(first, backend);
    for (const [what, operator] of operators) await expectMultiplies(backend, operator, what);
    // Else next to nothing was tested.
    expect(operators.size, first).toBeGreaterThan(6);
  });
});
