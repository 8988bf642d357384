import { afterAll, describe, expect, it } from 'vitest';
import { gaussian } from '../../model/fixtures';
import { BYTES_OF, type Operator } from '../../operators/operator';
import { leavesOf } from '../../operators/tree';
import { methodContext } from '../context.fixtures';
import { controlsOf } from '../options';
import type { QuantizeOptions } from '../quantize/options';
import { quantize } from '../quantize/quantize';
import { prune } from './prune';
import { backend, factorisations, given, leafOf, nonZero, pruned, random } from './prune.fixtures';

afterAll(() => backend.dispose());

describe('prune by magnitude', () => {
  it('keeps the largest of the layer, as sorting would, and of equal ones the first', async () => {
    for (const shape of [
      [17, 23],
      [6, 5, 3, 3],
      [1, 400],
    ]) {
      // Rounded to steps of a quarter: full of ties.
      const values = gaussian(random, shape).map((entry) => Math.round(4 * entry) / 4 || 0.25);
      for (const sparsity of [0.3, 0.5, 0.77, 1]) {
        const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!) || a - b);
        const kept = Math.max(1, Math.round((1 - sparsity) * values.length));
        const expected = new Float32Array(values.length);
        for (const i of order.slice(0, kept)) expected[i] = values[i]!;
        const operator = await pruned(leafOf(shape, values), { sparsity });
        expect(await operator.toDense()).toEqual(expected);
      }
    }
  });

  it('keeps as many in every row, n of every m, or the heaviest blocks', async () => {
    const [rows, columns] = [12, 32];
    const values = gaussian(random, [rows, columns]);
    const leaf = leafOf([rows, columns], values);
    const byRow = await (await pruned(leaf, { sparsity: 0.7, scope: 'row' })).toDense();
    for (let i = 0; i < rows; i++) expect(nonZero(byRow.subarray(i * columns, (i + 1) * columns))).toBe(10);
    for (const [n, m] of [
      [1, 2],
      [2, 4],
      [3, 8],
      [5, 16],
    ] as const) {
      const now = await (await pruned(leaf, { pattern: { n, m } })).toDense();
      for (let at = 0; at < now.length; at += m) {
        const group = [...values.subarray(at, at + m)].map(Math.abs).sort((a, b) => b - a);
        const survivors = [...now.subarray(at, at + m)].filter((entry) => entry !== 0).map(Math.abs);
        expect(survivors.sort((a, b) => b - a)).toEqual(group.slice(0, n));
      }
    }
    const blocks = await (await pruned(leaf, { sparsity: 0.75, pattern: { block: [4, 8] } })).toDense();
    const norms = Array.from({ length: 12 }, (_, block) => {
      const [top, left] = [Math.floor(block / 4) * 4, (block % 4) * 8];
      const of = (held: Float32Array) =>
        Math.hypot(...Array.from({ length: 32 }, (_, i) => held[(top + (i >> 3)) * columns + left + (i & 7)]!));
      return [of(values), of(blocks)] as const;
    });
    const heaviest = norms.map(([before]) => before).sort((a, b) => b - a);
    expect(norms.filter(([, after]) => after > 0).map(([, after]) => after)).toHaveLength(3);
    for (const [before, after] of norms) expect(after).toBe(before >= heaviest[2]! ? before : 0);
  });

  it('finds what was planted', async () => {
    const shape = [64, 96];
    const values = gaussian(random, shape).map((entry) => 0.01 * entry);
    const mask = values.map(() => Number(random.uniform() < 0.1));
    for (let i = 0; i < values.length; i++) if (mask[i]) values[i] = 1 + Math.abs(values[i]!);
    const planted = nonZero(mask);
    const operator = await pruned(leafOf(shape, values), { sparsity: 1 - planted / values.length });
    expect((await operator.toDense()).map((entry) => Number(entry !== 0))).toEqual(mask);
    // A byte for each place: no gap is wider than 255, at a chance of .9^255.
    expect(operator.bytes).toBe(5 * planted);
  });

  it('is planned as it will be', async () => {
    for (const options of [
      { sparsity: 0.5 },
      { sparsity: 0.8, scope: 'row' },
      { pattern: { n: 2, m: 4 } },
      { sparsity: 0.5, pattern: { block: [4, 4] } },
      { size: 0.4 },
      { size: 0.4, scope: 'row' },
    ]) {
      for (const shape of [
        [40, 64],
        [12, 10, 3, 3],
      ]) {
        const leaf = leafOf(shape);
        const plan = prune.plan(leaf, given(options), methodContext(factorisations));
        if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
        const operator = await pruned(leaf, options);
        const of = ({ form, bytes, parameters, multiplyAdds, rebuildBytes }: Operator) => [
          form,
          bytes,
          parameters,
          multiplyAdds,
          rebuildBytes,
        ];
        expect(of(plan), JSON.stringify(options)).toEqual(of(operator));
      }
    }
  });

  it('leaves what has no room or no data, and says why', async () => {
    const leaf = leafOf([16, 16]);
    const apply = (options: object, of = leaf) => prune.apply(of, given(options), methodContext(factorisations));
    // A value and a byte, and as much for the step that leads to it over 255 places.
    expect(await apply({ size: 0.001 })).toEqual({
      skipped: "can't come to 0.001 of its 1024 bytes: one value with its place takes 10",
    });
    expect(await apply({ sparsity: 0.5, score: 'wanda' })).toEqual({
      skipped: "wanda needs statistics of the layer's input, and no calibration data was given",
    });
    expect(prune.advice!(leaf, given({ sparsity: 0.5 }), methodContext(factorisations))).toContain(
      'Of its 544 bytes 32 say where the values lie, 5.9 %.',
    );
  });
});

it('takes two bytes a survivor with codes of 8 bits', async () => {
  const leaf = leafOf([512, 512]);
  const survivors = await pruned(leaf, { sparsity: 0.95 });
  const [values] = leavesOf(survivors);
  const codes = await quantize.apply(
    values!,
    quantize.options.parse({ bits: 8, groupSize: 64, symmetric: true }) as QuantizeOptions,
    methodContext(factorisations),
  );
  if ('skipped' in codes) throw new Error(codes.skipped);
  const operator = survivors.with([codes.operator]);
  // .05·2 bytes of 4, and a scale of 4 bytes for 64 of them.
  expect(operator.bytes / leaf.bytes).toBeLessThan(0.028);
});

it('stores a bit a weight beside half of them in half precision', async () => {
  const leaf = leafOf([64, 64], undefined, 'float16');
  const operator = await pruned(leaf, { sparsity: 0.5 });
  expect(operator.bytes).toBe(64 * 64 * (1 / 8 + BYTES_OF.float16 / 2));
});

it('shows its options in a form', () => {
  const controls = controlsOf(prune.options);
  expect(controls.map(({ key }) => key)).toEqual([
    'sparsity',
    'size',
    'score',
    'pattern',
    'n',
    'm',
    'rows',
    'columns',
    'scope',
  ]);
  expect(controls.find(({ key }) => key === 'n')).toMatchObject({
    fallback: 2,
    when: { pattern: ['n:m'] },
    whole: true,
  });
});
