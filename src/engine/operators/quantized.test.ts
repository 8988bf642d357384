import { expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../random';
import { randomQuantized } from '../reference/weights/forms.fixtures';
import { quantized } from '../reference/weights/quantized';
import { quantizedOf } from './quantized';
import { expectRuns, running } from './running.fixtures';

const runtime = nodeRuntime();
const random = seeded(22);

it('decodes as the kernels do, rounded once', async () => {
  for (let i = 0; i < 30; i++) {
    const [rows, columns] = [1 + random.below(9), 1 + random.below(150)];
    const form = randomQuantized(random, rows, columns);
    const operator = quantizedOf([rows, columns], 'float32', form);
    expect(await operator.toDense()).toEqual(Float32Array.from(quantized(form)));
  }
});

it('rebuilds the very weights that it says, bit for bit, in every opset', async () => {
  for (let i = 0; i < 24; i++) {
    const [rows, columns] = [20 + random.below(20), 20 + random.below(100)];
    const operator = quantizedOf([rows, columns], 'float32', randomQuantized(random, rows, columns));
    for (const opset of [7, 9, 10, 11, 17, 21]) {
      for (const form of ['load', 'use'] as const) {
        // Rows by index are copies of the weight's.
        const run = await running(operator, 'Gather', { opset, choice: { aim: 'file', form } });
        await expectRuns(run, runtime, 'cpu', `${operator.form} [${rows}, ${columns}], ${form}, opset ${opset}`, 0);
      }
    }
  }
});
