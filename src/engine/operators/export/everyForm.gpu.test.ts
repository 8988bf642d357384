import { describe, it } from 'vitest';
import { webRuntime } from '../../../runtime/web';
import { OPERATORS, TOLERANCE } from '../all.fixtures';
import { expectRuns, running, usesOf } from './running.fixtures';

describe('what an operator exports computes its weight in the browser', () => {
  const opening = webRuntime();
  for (const [name, make] of Object.entries(OPERATORS)) {
    for (const provider of ['wasm', 'webgpu'] as const) {
      it(`${name} on ${provider}`, async () => {
        const operator = await make(17);
        const uses = usesOf(operator.shape);
        for (const use of provider === 'wasm' ? uses : uses.slice(0, 1)) {
          for (const form of ['factored', 'load', 'use'] as const) {
            const run = await running(operator, use, { choice: { aim: 'speed', form } });
            const tolerance = form === 'factored' ? TOLERANCE[name] : undefined;
            await expectRuns(run, await opening, provider, `${name}, ${use}, ${form}, ${provider}`, tolerance);
          }
        }
      });
    }
  }
});
