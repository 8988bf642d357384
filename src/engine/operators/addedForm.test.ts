import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { gaussian } from '../model/fixtures';
import { denseOf, plannedDense } from './dense/dense';
import { loadNeeds } from './export/choice';
import { graphOverheadBytes } from './export/graphOverhead';
import { expectRuns, running, usesOf } from './export/running.fixtures';
import { filled } from './filled';
import { FORMS } from './forms';
import { keepOperator, restoreOperator } from './keeping/keptOperator';
import { lowRank } from './lowRank/lowRank';
import { expectMultiplies } from './multiplying.fixtures';
import { elements, type Form, type Kind, matrixOf, type Operator } from './operator';
import { preparedFrom } from './prepared';
import { leavesOf, mapLeaves, storedAs } from './tree';

const doubledForm: Form<never> = {
  describe: ({ children }: Operator) => `doubled${storedAs(children)}`,
  keep: () => ({}),
  restore: ({ children }) => doubled(children[0]!),
};

/** A form that nothing else knows of: W = 2·inner. */
function doubled(inner: Operator): Operator {
  const { shape } = inner;
  const operator = {
    kind: 'doubled' as Kind,
    shape,
    children: [inner],
    form: `doubled${storedAs([inner])}`,
    parameters: inner.parameters,
    bytes: inner.bytes,
    multiplyAdds: inner.multiplyAdds,
    with: ([next]: readonly Operator[]) => doubled(next!),
    toDense: async () => (await inner.toDense()).map((value) => 2 * value),
    prepare: (on) =>
      preparedFrom(on, [inner], ([prepared]) => on.scaled(prepared!, new Float32Array(matrixOf(shape)[1]).fill(2))),
    rebuildBytes: inner.rebuildBytes + 4 * elements(shape),
    rebuild: (writer) => writer.node('Mul', [inner.rebuild(writer), writer.float([2])]),
    writes: (mode) => mode === 'rows',
    write: (writer, x, mode, stage) => writer.apply(inner, writer.node('Mul', [x, writer.float([2])]), mode, stage),
  } as Omit<Operator, 'kind'> & { kind: Kind } as Operator;
  return operator;
}

const backend = createCpuBackend(nodeRuntime());
beforeAll(() => {
  (FORMS as Record<string, unknown>).doubled = doubledForm;
});
afterAll(() => backend.dispose());

const random = seeded(4);
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));

describe('a form that is one more line of the list', () => {
  const make = () => lowRank(doubled(leaf(40, 6)), doubled(lowRank(leaf(6, 3), leaf(3, 24))));

  it('is described, and methods reach its leaves', () => {
    const operator = make();
    expect(operator.form).toBe('lowRank 6 of doubled and doubled of lowRank 3');
    expect(leavesOf(operator)).toHaveLength(3);
    const halves = mapLeaves(operator, ({ shape }) => plannedDense(shape, 'float16'));
    expect(halves.bytes).toBe(operator.bytes / 2);
    expect(halves.form).toContain('doubled of dense f16');
  });

  it('is exported in every way, and counted', async () => {
    const operator = make();
    for (const use of usesOf(operator.shape)) {
      for (const form of ['factored', 'load', 'use'] as const) {
        const run = await running(operator, use, { choice: { aim: 'speed', form } });
        await expectRuns(run, nodeRuntime(), 'cpu', `${use}, ${form}`);
      }
    }
    expect(graphOverheadBytes(operator, { op: 'MatMul', opset: 17 })).toBeGreaterThan(0);
    const consumption = { mode: 'rows', type: 'float32', read: 'transposed' } as const;
    expect(loadNeeds(operator, consumption, { aim: 'speed', form: 'load' }).own).toBeGreaterThan(operator.bytes);
  });

  it('multiplies, as a plan too', async () => {
    await expectMultiplies(backend, make(), 'doubled', [1, 16]);
    const plan = doubled(lowRank(plannedDense([8, 2], 'float32'), plannedDense([2, 9], 'float32')));
    await expectMultiplies(backend, filled(plan, random), 'a plan', [3]);
  });

  it('is kept and restored', async () => {
    const operator = make();
    const { kept, chunks } = keepOperator(operator);
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks()) parts.push(chunk);
    const source = memorySource(new Uint8Array(Buffer.concat(parts)), 'kept');
    const again = restoreOperator(JSON.parse(JSON.stringify(kept)), source);
    expect(again.form).toBe(operator.form);
    expect(await again.toDense()).toEqual(await operator.toDense());
  });
});
