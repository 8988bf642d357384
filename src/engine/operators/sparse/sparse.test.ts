import { describe, expect, it } from 'vitest';
import { randomQuantized } from '../../backend/weights.fixtures';
import { seeded } from '../../core/random';
import { gaussian } from '../../model/fixtures';
import { denseOf } from '../dense/dense';
import { lowRank } from '../lowRank/lowRank';
import { type FloatType, matrixOf, type Operator } from '../operator';
import { quantizedOf } from '../quantized/quantized';
import { sum } from '../sum/sum';
import { leavesOf, mapLeaves, rewriteLeaves } from '../tree';
import type { Pattern } from './layouts/cells';
import { chosenLayout, LAYOUTS, type LayoutName } from './layouts/places';
import { plannedSparse, sparseOf } from './sparse';
import { sparsely } from './sparse.fixtures';

const random = seeded(21);

/** Values of which about `share` survive. */
function thinned(shape: readonly number[], share: number): Float32Array<ArrayBuffer> {
  const values = gaussian(random, shape);
  return values.map((value) => (random.uniform() < share ? value : 0));
}

const leafOf = (shape: readonly number[]) => denseOf(shape, 'float32', gaussian(random, shape));
const unstructured: Pattern = { kind: 'unstructured' };
const target = (shape: readonly number[], pattern: Pattern = unstructured, opset = 17) =>
  ({ shape, pattern, opset, type: 'float32' }) as const;

describe('sparse', () => {
  it('keeps every value in its place, in every layout and shape', async () => {
    for (const shape of [
      [1, 1],
      [1, 700],
      [700, 1],
      [13, 29],
      [5, 255],
      [4, 256],
      [3, 257],
      [6, 5, 3, 2],
    ]) {
      for (const share of [0, 0.002, 0.1, 0.5, 1]) {
        const values = thinned(shape, share);
        for (const layout of Object.keys(LAYOUTS) as LayoutName[]) {
          if (layout === 'groups') continue;
          const operator = await sparseOf(values, target(shape), layout);
          expect(await operator.toDense(), `${layout}, ${shape}, ${share}`).toEqual(values);
        }
      }
    }
  });

  it('goes over gaps that no byte can tell', async () => {
    for (const gap of [254, 255, 256, 509, 510, 511, 1021]) {
      for (const first of [0, 1, 255, 256, 700]) {
        const values = new Float32Array(2000);
        for (let at = first, i = 1; at < 2000; at += gap, i++) values[at] = i;
        const operator = await sparseOf(values, target([4, 500]), 'deltas');
        expect(await operator.toDense(), `${gap} from ${first}`).toEqual(values);
        const steps = Math.ceil((first || 1) / 255) - 1 + (Math.ceil(gap / 255) - 1) * Math.floor((1999 - first) / gap);
        const kept = 1 + Math.floor((1999 - first) / gap);
        expect([operator.parameters, operator.bytes], `${gap} from ${first}`).toEqual([kept, 5 * (kept + steps)]);
      }
    }
  });

  it('keeps groups and blocks in their places, at the edges too', async () => {
    const patterns: Pattern[] = [
      ...[
        [1, 2],
        [2, 4],
        [3, 4],
        [3, 8],
        [5, 16],
        [7, 32],
      ].map(([n, m]) => ({ kind: 'n:m', n: n!, m: m! }) as const),
      ...[
        [1, 8],
        [4, 4],
        [3, 5],
        [16, 1],
      ].map(([rows, columns]) => ({ kind: 'block', rows: rows!, columns: columns! }) as const),
    ];
    for (const pattern of patterns) {
      for (const shape of [
        [6, 32],
        [9, 37],
        [4, 8, 2, 2],
      ]) {
        const values = thinned(shape, 0.9);
        const inner = matrixOf(shape)[1];
        for (let i = 0; i < values.length; i++) {
          const [row, column] = [Math.floor(i / inner), i % inner];
          // Another n of m in every group; blocks as on a chessboard.
          const gone =
            pattern.kind === 'n:m'
              ? ((column % pattern.m) + row) % pattern.m >= pattern.n
              : pattern.kind === 'block' &&
                (Math.floor(row / pattern.rows) + Math.floor(column / pattern.columns)) % 2 === 1;
          if (gone) values[i] = 0;
        }
        const operator = await sparseOf(values, target(shape, pattern));
        expect(await operator.toDense(), `${JSON.stringify(pattern)}, ${shape}`).toEqual(values);
        if (pattern.kind === 'n:m' && inner % pattern.m === 0) {
          const grouped = await sparseOf(values, target(shape, pattern), 'groups');
          expect(await grouped.toDense(), `groups, ${JSON.stringify(pattern)}, ${shape}`).toEqual(values);
        }
      }
    }
  });

  it('takes the smallest layout that the opset has', async () => {
    const shape = [64, 1024];
    const count = 64 * 1024;
    const survivors = (values: Float32Array) => values.reduce((sum, value) => sum + Number(value !== 0), 0);
    const overhead = async (share: number, opset: number, pattern: Pattern = unstructured, columns = 1024) => {
      const values = thinned([64, columns], share);
      if (pattern.kind === 'n:m') for (let i = 0; i < values.length; i++) if (i % pattern.m >= pattern.n) values[i] = 0;
      const operator = await sparseOf(values, target([64, columns], pattern, opset));
      return (operator.bytes - 4 * survivors(values)) / values.length;
    };
    // One bit a weight.
    expect(await overhead(0.5, 11)).toBe(1 / 8);
    // One byte a survivor. A gap beyond 255 has the chance .95^255 = 2e−6.
    const few = thinned(shape, 0.05);
    expect((await sparseOf(few, target(shape))).bytes).toBe(5 * survivors(few));
    // n places of 2 bits in a group of 4.
    expect(await overhead(1, 9, { kind: 'n:m', n: 1, m: 4 })).toBe(1 / 16);
    // Without CumSum: two bytes a survivor, and rows filled up; without Scatter two bytes a weight, and a start for each row.
    const columns = await sparseOf(few, target(shape, unstructured, 9));
    expect(columns.bytes % 6).toBe(0);
    expect(columns.bytes).toBeGreaterThanOrEqual(6 * survivors(few));
    expect(await overhead(0.5, 7)).toBeCloseTo(2 + 4 / 1024, 9);
    expect(await overhead(0.5, 7, unstructured, 256)).toBeCloseTo(1 + 4 / 256, 9);
    expect(count).toBe(few.length);
  });

  it('takes the layout that needs less memory to load where both store about the same', () => {
    const grid = { rows: 1000, columns: 1000, cell: 1 };
    const layout = (share: number) =>
      chosenLayout({ grid, opset: 17, valueBytes: 4 }, { kept: 1e6 * share, most: 1000 * share, steps: 0 });
    // Five bytes a survivor by deltas, four and an eighth a weight by bits: the same at 12.5 %, 2 % apart at 14 %.
    expect(layout(0.12).layout).toBe('deltas');
    expect(layout(0.13)).toMatchObject({ layout: 'deltas', bytes: 650_000 });
    expect(layout(0.15)).toMatchObject({ layout: 'bitmask', bytes: 725_000 });
    expect(layout(0.13).loadBytes).toBeLessThan(layout(0.15).loadBytes);
    // As many bits as a mask's: what is scattered at once within its rows takes less to load.
    const grouped = { ...grid, group: { n: 2, m: 4 } };
    const half = { kept: 5e5, most: 500, steps: 0 };
    expect(chosenLayout({ grid: grouped, opset: 17, valueBytes: 4 }, half).layout).toBe('groups');
  });

  it('is planned to the byte where the rows are alike, and nearly so where places are random', async () => {
    const shape = [200, 300];
    for (const [share, opset] of [
      [0.5, 17],
      [0.03, 17],
      [0.004, 17],
      [0.05, 9],
    ] as const) {
      const values = thinned(shape, share);
      const operator = await sparseOf(values, target(shape, unstructured, opset));
      const kept = values.reduce((sum, value) => sum + Number(value !== 0), 0);
      const plan = plannedSparse(target(shape, unstructured, opset), kept, false);
      // 240 survivors at .4 %: how many gaps need steps is known to some 8 %, and the fullest of 200 rows to one or two.
      const near = share > 0.01 && opset > 9;
      expect(Math.abs(plan.bytes / operator.bytes - 1), `${share}, opset ${opset}`).toBeLessThan(
        share < 0.01 ? 0.15 : near ? 0.001 : 0.1,
      );
      expect(plan.form).toBe(operator.form);
      expect(plan.estimated, `${share}, opset ${opset}`).toBe(near ? undefined : true);
    }
    const half = Float32Array.from({ length: 60000 }, (_, i) => (i % 2 ? 1 : 0));
    for (const opset of [7, 9, 17]) {
      const plan = plannedSparse(target(shape, unstructured, opset), 30000, true);
      expect(plan.estimated).toBe(undefined);
      expect(plan.bytes).toBe((await sparseOf(half, target(shape, unstructured, opset))).bytes);
    }
  });

  it('has its values as a leaf, and says what it is', async () => {
    const operator = await sparsely(17, [40, 24], 0.3);
    const [values] = leavesOf(operator);
    expect(values!.shape).toEqual([1, operator.parameters]);
    expect(operator.form).toMatch(/^sparse \d\d(\.\d)? %$/);
    const nm = await sparsely(17, [8, 16], 1, { pattern: { kind: 'n:m', n: 2, m: 4 } });
    expect(nm.form).toBe('sparse 2:4 50 %');
    expect(nm.parameters).toBe(64);
  });

  it('counts no padding as weights, while its values are dense', async () => {
    for (const layout of ['columns', 'deltas', 'bitmask'] as const) {
      const values = thinned([64, 2000], 0.002);
      const kept = values.reduce((sum, value) => sum + Number(value !== 0), 0);
      const operator = await sparseOf(values, target([64, 2000]), layout);
      const [leaf] = leavesOf(operator);
      expect([operator.parameters, leaf!.parameters, operator.multiplyAdds], layout).toEqual([kept, kept, kept]);
      if (layout !== 'bitmask') expect(leaf!.shape[1]).toBeGreaterThan(kept);
      const halves = operator.with([denseOf(leaf!.shape, 'float16', await leaf!.toDense())]);
      expect([halves.parameters, halves.bytes], layout).toEqual([kept, operator.bytes - leaf!.bytes / 2]);
    }
  });
});

describe('sparse values of a sparse weight', () => {
  const again = (operator: Operator, pattern: Pattern = unstructured, type: FloatType = 'float32', share = 0.5) =>
    rewriteLeaves(operator, async (leaf) => {
      const values = (await leaf.toDense()).map((value) => (random.uniform() < share ? value : 0));
      return sparseOf(values, { ...target(leaf.shape, pattern), type });
    });
  const twoOfFour: Pattern = { kind: 'n:m', n: 2, m: 4 };
  const blocks: Pattern = { kind: 'block', rows: 4, columns: 4 };

  it('become one mask, of as many bytes as the finer one has', async () => {
    for (const shape of [
      [40, 64],
      [12, 10, 3, 3],
    ]) {
      for (const pattern of [unstructured, twoOfFour]) {
        const once = await sparsely(17, shape, 0.9, { pattern });
        for (const type of ['float32', 'float16'] as const) {
          const twice = await again(once, unstructured, type);
          const values = await twice.toDense();
          const one = await sparseOf(values, { ...target(shape, pattern), type });
          expect([twice.form, twice.bytes, twice.parameters]).toEqual([one.form, one.bytes, one.parameters]);
          expect(twice.form).not.toContain(' of sparse');
          expect(await one.toDense()).toEqual(values);
          // What survives is what it was.
          const before = await once.toDense();
          const kept = values.filter((value, at) => value !== 0 && (type === 'float16' || value === before[at]));
          expect(kept.length).toBe(twice.parameters);
          expect(kept.length).toBeLessThan(0.6 * once.parameters);
        }
      }
    }
  });

  it('stay beside a mask of blocks where that takes less, nodes included', async () => {
    const small = await again(await sparsely(17, [64, 64], 0.05, { pattern: blocks }));
    expect(small.form).not.toContain(' of sparse');
    const shape = [512, 512];
    const few = await sparsely(17, shape, 0.05, { pattern: blocks });
    const nested = await again(few);
    expect(nested.form).toMatch(/^sparse 4×4 .* of sparse/);
    expect(nested.bytes).toBeLessThan((await sparseOf(await nested.toDense(), target(shape))).bytes);
    const many = await sparsely(17, shape, 0.9, { pattern: blocks });
    const merged = await again(many, unstructured, 'float32', 0.02);
    expect(merged.form).toMatch(/^sparse \d/);
    expect(merged.form).not.toContain(' of sparse');
  });

  it('are merged wherever they stand in a tree, and left where codes hold them', async () => {
    const tree = sum([await sparsely(17, [40, 24], 0.5), lowRank(await sparsely(17, [40, 8], 0.5), leafOf([8, 24]))]);
    const twice = await again(tree);
    const [beside, factors] = twice.children;
    for (const merged of [beside!, factors!.children[0]!]) expect(merged.children[0]!.kind).toBe('dense');
    const nested = (await sparsely(17, [40, 24], 0.5)).with([await again(leafOf([1, 480]))]);
    const coded = await rewriteLeaves(nested, async ({ shape }) => {
      const form = randomQuantized(random, 1, shape[1]!, { bits: 8, blockSize: 32 });
      return quantizedOf(shape, 'float32', form);
    });
    expect(coded.form).toMatch(/^sparse .* of sparse .* of 8-bit/);
  });

  it('are planned as they will be', () => {
    const [first, second] = [1280, 640];
    const plan = mapLeaves(plannedSparse(target([40, 64]), first, false), (leaf) =>
      plannedSparse(target(leaf.shape), second, false),
    );
    expect([plan.form, plan.bytes]).toEqual(['sparse 75 %', 4 * second + (40 * 64) / 8]);
  });
});
