import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { STEPS } from './everyMethod.fixtures';
import { compressedAt, type Sizing } from './magnitudes.fixtures';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

/** Matrices that are hard to scale, by what each weight [row, column] is multiplied by. */
const HARD: Readonly<Record<string, Sizing>> = {
  'all zeros': () => 0,
  'rows of zeros': (row) => row % 3,
  'columns of zeros': (_, column) => column % 3,
  'one weight that is not zero': (row, column) => (row === 5 && column === 7 ? 1 : 0),
  'rows of every size': (row) => 2 ** (4 * row - 90),
  'columns of every size': (_, column) => 2 ** (5 * (column % 40) - 100),
  'one huge weight': (row, column) => (row === 5 && column === 7 ? 2 ** 126 : 1),
  'one tiny column': (_, column) => (column === 7 ? 2 ** -140 : 1),
};

describe('a matrix with', () => {
  for (const [name, sizing] of Object.entries(HARD)) {
    it(`${name} is compressed by every method with an error that is a number, or left with a sentence`, async () => {
      for (const step of STEPS) {
        const found = await compressedAt(sizing, 'float32', step, runtime, backend);
        for (const [layer, { error, output, reason }] of Object.entries(found)) {
          const what = `${layer}: ${step.method} ${JSON.stringify(step.options)}`;
          if (reason !== undefined) {
            expect(reason, what).toMatch(/\w+ \w+/);
            continue;
          }
          expect(error, what).toBeGreaterThanOrEqual(0);
          expect(error, what).toBeLessThan(1.5);
          // An output of zeros has no relative error.
          if (name !== 'all zeros') expect(output, what).toBeLessThan(2);
        }
      }
    });
  }
});
