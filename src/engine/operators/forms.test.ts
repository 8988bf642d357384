import { describe, expect, it } from 'vitest';
import { optimised } from '../../runtime/folding.fixtures';
import { nodeRuntime } from '../../runtime/node';
import { gaussian } from '../model/fixtures';
import { seeded } from '../random';
import { LEAST_OPSET, OPERATORS, TOLERANCE } from './all.fixtures';
import { denseOf } from './dense';
import { lowRank } from './lowRank';
import { expectRuns, running, storedFor, usesOf } from './running.fixtures';
import type { ExportForm } from './writer';

const runtime = nodeRuntime();
const random = seeded(12);
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));

const FORMS: readonly ExportForm[] = ['factored', 'load', 'use'];

describe('what an operator exports computes its weight', () => {
  for (const [name, make] of Object.entries(OPERATORS)) {
    it(name, async () => {
      const operator = make();
      for (const use of usesOf(operator.shape)) {
        for (const form of FORMS) {
          for (const opset of [7, 9, 11, 13, 17, 21]) {
            if (opset < (LEAST_OPSET[name] ?? 0)) continue;
            const place = `${name}, ${use}, ${form}, opset ${opset}`;
            const run = await running(operator, use, { opset, choice: { aim: 'speed', form } });
            await expectRuns(run, runtime, 'cpu', place, form === 'factored' ? TOLERANCE[name] : undefined);
            expect(storedFor(run.changed).bytes, place).toBe(operator.bytes);
            expect(storedFor(run.changed).small, place).toBeLessThan(500);
          }
        }
      }
    });
  }
});

describe('folding', () => {
  it('leaves nothing constant to compute of what is rebuilt at load', async () => {
    for (const [name, make] of Object.entries(OPERATORS)) {
      const operator = make();
      for (const use of usesOf(operator.shape)) {
        for (const opset of [9, 17, 21]) {
          if (opset < (LEAST_OPSET[name] ?? 0)) continue;
          const { changed } = await running(operator, use, { opset, choice: { aim: 'speed', form: 'load' } });
          expect((await optimised(changed)).constantNodes, `${name}, ${use}, opset ${opset}`).toEqual([]);
        }
      }
    }
  });

  it('keeps what is rebuilt at use as small as it is stored', async () => {
    const operator = lowRank(leaf(200, 4), leaf(4, 160));
    for (const opset of [9, 17]) {
      const { changed } = await running(operator, 'Gemm', { opset, choice: { aim: 'speed', form: 'use' } });
      expect((await optimised(changed)).largestConstant).toBeLessThanOrEqual(4 * 4 * 200);
      const folded = await running(operator, 'Gemm', { opset, choice: { aim: 'speed', form: 'load' } });
      expect((await optimised(folded.changed)).largestConstant).toBe(4 * 200 * 160);
    }
  });
});
