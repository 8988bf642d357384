import { afterAll, describe, expect, it } from 'vitest';
import { gaussian } from '../../model/fixtures';
import { methodContext } from '../context.fixtures';
import { prune } from './prune';
import { backend, factorisations, given, leafOf, nonZero, pruned, random } from './prune.fixtures';

afterAll(() => backend.dispose());

describe('what survives of layers and of a size', () => {
  it('has one threshold for all layers of a step, to the weight', async () => {
    const leaves = [
      leafOf([20, 30]),
      leafOf(
        [10, 12],
        gaussian(random, [10, 12]).map((v) => 5 * v),
      ),
      leafOf([8, 9, 3, 3]),
    ];
    // Ties in all of them: of equal ones the first layer's are kept.
    const steps = await Promise.all(
      leaves.map(async (leaf) => (await leaf.toDense()).map((v) => Math.round(8 * v) / 8)),
    );
    for (const [i, leaf] of leaves.entries()) leaves[i] = leafOf([...leaf.shape], steps[i]);
    const all = (await Promise.all(leaves.map((leaf) => leaf.toDense()))).flatMap((values) => [...values]);
    for (const sparsity of [0.6, 0.9]) {
      const options = given({ sparsity, scope: 'model' });
      const context = methodContext(factorisations);
      const prepared = await prune.prepare!(
        leaves.map((leaf) => ({ leaf, tree: leaf, op: 'Gemm' })),
        options,
        context,
      );
      const kept = Math.round((1 - sparsity) * all.length);
      const order = [...all.keys()].sort((a, b) => Math.abs(all[b]!) - Math.abs(all[a]!) || a - b);
      const survives = new Set(order.slice(0, kept));
      let from = 0;
      let rewritten = 0;
      for (const leaf of leaves) {
        const outcome = await prune.apply(leaf, options, { ...context, prepared });
        const expected = (await leaf.toDense()).map((entry, i) => (survives.has(from + i) ? entry : 0));
        from += leaf.parameters;
        // The layer that is five times as large keeps too much to get smaller.
        if ('skipped' in outcome) {
          expect(nonZero(expected) / leaf.parameters).toBeGreaterThan(0.95);
          continue;
        }
        rewritten++;
        expect(await outcome.operator.toDense()).toEqual(expected);
      }
      expect(rewritten).toBeGreaterThan(1);
    }
  });

  it('keeps to a size, places included', async () => {
    for (const [size, more] of [
      [0.5, {}],
      [0.2, { scope: 'row' }],
      [0.02, {}],
      [0.3, { pattern: { block: [4, 4] } }],
    ] as const) {
      for (const opset of [9, 17]) {
        for (const type of ['float32', 'float16'] as const) {
          const leaf = leafOf([200, 300], undefined, type);
          const operator = await pruned(leaf, { size, ...more }, { opset });
          const place = `${size}, opset ${opset}, ${type}, ${operator.form}`;
          expect(operator.bytes, place).toBeLessThanOrEqual(size * leaf.bytes);
          // At opset 9 all rows are filled up to the fullest one, of which the plan knows the mean and the spread.
          expect(operator.bytes, place).toBeGreaterThan((opset === 9 ? 0.85 : 0.97) * size * leaf.bytes);
        }
      }
    }
    const leaves = [
      leafOf([100, 200]),
      leafOf(
        [100, 200],
        gaussian(random, [100, 200]).map((v) => 2 * v),
      ),
      leafOf([60, 60]),
    ];
    const options = given({ size: 0.3, scope: 'model' });
    const context = methodContext(factorisations);
    const prepared = await prune.prepare!(
      leaves.map((leaf) => ({ leaf, tree: leaf, op: 'Gemm' })),
      options,
      context,
    );
    let [before, after] = [0, 0];
    for (const leaf of leaves) {
      const outcome = await prune.apply(leaf, options, { ...context, prepared });
      before += leaf.bytes;
      after += 'skipped' in outcome ? leaf.bytes : outcome.operator.bytes;
    }
    expect(after / before).toBeLessThanOrEqual(0.3);
    expect(after / before).toBeGreaterThan(0.29);
  });

  it('keeps to a size where a layer has nothing among the survivors', async () => {
    const small = gaussian(random, [24, 32]).map((v) => 1e-3 * v);
    const leaves = [leafOf([64, 96]), leafOf([24, 32], small)];
    for (const pattern of ['unstructured', 'block']) {
      const options = given({ size: 0.4, scope: 'model', pattern });
      const context = methodContext(factorisations);
      const targets = leaves.map((leaf) => ({ leaf, tree: leaf, op: 'Gemm' }));
      const prepared = await prune.prepare!(targets, options, context);
      const operators = await Promise.all(leaves.map((leaf) => prune.apply(leaf, options, { ...context, prepared })));
      const bytes = operators.map((outcome) => ('skipped' in outcome ? outcome.skipped : outcome.operator.bytes));
      const last = operators[1]!;
      expect('operator' in last && nonZero(await last.operator.toDense()), pattern).toBe(0);
      expect((bytes[0] as number) + (bytes[1] as number), pattern).toBeLessThan(0.41 * 4 * (64 * 96 + 24 * 32));
    }
  });
});
