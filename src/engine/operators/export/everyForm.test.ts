import { describe, expect, it } from 'vitest';
import { optimised } from '../../../runtime/folding.fixtures';
import { nodeRuntime } from '../../../runtime/node';
import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { tensorsOf } from '../../model/model';
import { bytesOf } from '../../model/tensors';
import { LEAST_OPSET, OPERATORS, TOLERANCE } from '../all.fixtures';
import { denseOf } from '../dense/dense';
import { lowRank } from '../lowRank/lowRank';
import { sparsely } from '../sparse/sparse.fixtures';
import type { ExportForm } from './choice';
import { expectRuns, running, storedFor, usesOf } from './running.fixtures';

const runtime = nodeRuntime();
const random = seeded(12);
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));

const FORMS: readonly ExportForm[] = ['factored', 'load', 'use'];

describe('what an operator exports computes its weight', () => {
  for (const [name, make] of Object.entries(OPERATORS)) {
    it(name, async () => {
      for (const opset of [7, 9, 11, 13, 17, 21]) {
        if (opset < (LEAST_OPSET[name] ?? 0)) continue;
        const operator = await make(opset);
        for (const use of usesOf(operator.shape)) {
          for (const form of FORMS) {
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
      for (const opset of [9, 17, 21]) {
        if (opset < (LEAST_OPSET[name] ?? 0)) continue;
        const operator = await make(opset);
        for (const use of usesOf(operator.shape)) {
          const { changed } = await running(operator, use, { opset, choice: { aim: 'speed', form: 'load' } });
          expect((await optimised(changed)).constantNodes, `${name}, ${use}, opset ${opset}`).toEqual([]);
        }
      }
    }
  });

  it('leaves no more of it in a model of half precision than casts of the weight, which the CPU has no products for', async () => {
    for (const [name, make] of Object.entries(OPERATORS)) {
      for (const opset of [9, 17]) {
        if (opset < (LEAST_OPSET[name] ?? 0)) continue;
        const operator = await make(opset);
        for (const use of usesOf(operator.shape)) {
          const choice = { aim: 'speed', form: 'load' } as const;
          const { changed } = await running(operator, use, { opset, choice, type: 'float16' });
          const left = (await optimised(changed)).constantNodes.filter((op) => op !== 'Cast');
          expect(left, `${name}, ${use}, opset ${opset}`).toEqual([]);
        }
      }
    }
  });

  it('keeps what is rebuilt at use as small as it is stored', async () => {
    const [out, inner] = [200, 160];
    const nm = { pattern: { kind: 'n:m', n: 2, m: 4 } } as const;
    for (const opset of [9, 17]) {
      const operators = [
        lowRank(leaf(out, 4), leaf(4, inner)),
        await sparsely(opset, [out, inner], 0.5),
        await sparsely(opset, [out, inner], 0.08),
        await sparsely(opset, [out, inner], 0.9, nm),
      ];
      for (const operator of operators) {
        const { changed } = await running(operator, 'Gemm', { opset, choice: { aim: 'speed', form: 'use' } });
        const largest = Math.max(...[...tensorsOf(changed.proto)].map(bytesOf));
        expect((await optimised(changed)).largestConstant, operator.form).toBe(largest);
        const folded = await running(operator, 'Gemm', { opset, choice: { aim: 'speed', form: 'load' } });
        expect((await optimised(folded.changed)).largestConstant, operator.form).toBe(4 * out * inner);
      }
    }
  });
});
