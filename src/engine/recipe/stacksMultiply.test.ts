import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { methods } from '../methods/registry';
import { expectMultiplies } from '../operators/multiplying.fixtures';
import { operatorsAfter } from './stacking.fixtures';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

describe('every stack of two methods multiplies in its own form', () => {
  const cases = methods.flatMap(({ name }) => (['matrices', 'kernels'] as const).map((kind) => [name, kind] as const));
  it.each(cases)('%s, then each other, on %s', async (first, kind) => {
    const operators = await operatorsAfter(first, kind, backend);
    for (const [what, operator] of operators) await expectMultiplies(backend, operator, what);
    // Else next to nothing was tested.
    expect(operators.size, first).toBeGreaterThan(2);
  });
});
