import { describe, expect, it } from 'vitest';
import { memorySource } from '../../core/bytes';
import { type FileToWrite, filesOf } from '../../model/write';
import { LEAST_OPSET, OPERATORS } from '../all.fixtures';
import { clustered, codebookOf } from '../codebook/codebook';
import { denseOf } from '../dense/dense';
import { DEFAULT_EXPORT } from '../export/choice';
import { running, usesOf } from '../export/running.fixtures';
import { lowRank } from '../lowRank/lowRank';
import { isDense, type Operator } from '../operator';
import { sum } from '../sum/sum';
import { rewriteLeaves } from '../tree';
import { keepOperator, restoreOperator } from './keptOperator';

const OPSET = 17;

/** Through JSON and bytes, as in a store. */
async function again(operator: Operator): Promise<Operator> {
  const { kept, bytes, chunks } = keepOperator(operator);
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks()) parts.push(chunk);
  const all = new Uint8Array(Buffer.concat(parts));
  expect(all.length).toBe(bytes);
  return restoreOperator(JSON.parse(JSON.stringify(kept)), memorySource(all, 'kept'));
}

async function bytesOf([file]: readonly FileToWrite[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file!.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What people, plans and reports are told of a tree. */
const told = ({ kind, form, shape, parameters, bytes, multiplyAdds, rebuildBytes, children }: Operator): object => ({
  kind,
  form,
  shape,
  parameters,
  bytes,
  multiplyAdds,
  rebuildBytes,
  children: children.map(told),
});

async function expectSame(operator: Operator): Promise<void> {
  const restored = await again(operator);
  expect(told(restored)).toEqual(told(operator));
  const [use] = usesOf(operator.shape);
  for (const aim of ['speed', 'file', 'memory'] as const) {
    const choice = { ...DEFAULT_EXPORT, aim };
    const [before, after] = await Promise.all(
      [operator, restored].map((one) => running(one, use!, { opset: OPSET, choice })),
    );
    const [expected, found] = await Promise.all(
      [before!, after!].map(({ changed }) => bytesOf(filesOf(changed, 'one.onnx'))),
    );
    expect(found!.equals(expected!)).toBe(true);
  }
}

describe('a kept operator exports the same bytes and says the same of itself', () => {
  it.each(Object.keys(OPERATORS))('%s', async (name) => {
    await expectSame(await OPERATORS[name]!(Math.max(OPSET, LEAST_OPSET[name] ?? 0)));
  });

  it('every stack of two', async () => {
    const shapes = new Map<string, Operator[]>();
    for (const make of Object.values(OPERATORS)) {
      const operator = await make(OPSET);
      shapes.set(String(operator.shape), [...(shapes.get(String(operator.shape)) ?? []), operator]);
    }
    let stacks = 0;
    const kinds = new Set<string>();
    // Each operator in the place of the leaves of others that have its shape; matrices also as both factors of a low rank.
    for (const make of Object.values(OPERATORS)) {
      const outer = await make(OPSET);
      const inner = (shape: readonly number[]) => shapes.get(String(shape)) ?? [];
      for (const leaf of new Set(leafShapes(outer))) {
        for (const one of inner(leaf.split(',').map(Number))) {
          await expectSame(await rewriteLeaves(outer, async (each) => (String(each.shape) === leaf ? one : each)));
          kinds.add(`${outer.kind} ${one.kind}`);
          stacks++;
        }
      }
      if (outer.shape.length !== 2) continue;
      const [rows, columns] = outer.shape as [number, number];
      await expectSame(lowRank(outer, denseOf([columns, 5], 'float32', new Float32Array(columns * 5).fill(0.5))));
      await expectSame(sum([outer, denseOf([rows, columns], 'float16', new Float32Array(rows * columns).fill(0.25))]));
      kinds.add(`lowRank ${outer.kind}`).add(`sum ${outer.kind}`);
      stacks += 2;
    }
    expect(stacks).toBeGreaterThan(80);
    expect(kinds.size).toBeGreaterThan(15);
  });
});

const leafShapes = (operator: Operator): string[] =>
  isDense(operator) ? [String(operator.shape)] : operator.children.flatMap(leafShapes);

it('keeps once what stands in a tree twice', async () => {
  const leaf = denseOf(
    [6, 6],
    'float32',
    Float32Array.from({ length: 36 }, (_, i) => i / 7),
  );
  const { kept, bytes } = keepOperator(lowRank(leaf, leaf));
  expect(bytes).toBe(4 * 36);
  expect(kept.arrays).toHaveLength(1);
  const { children } = await again(lowRank(leaf, leaf));
  expect(children[0]).toBe(children[1]);
});

it('restores a codebook that several weights share as one that they share', async () => {
  const book = codebookOf(Float32Array.of(0, 1, 2), 'float32', true);
  const weights = [true, false].map((counted) => clustered([2, 3], Uint8Array.of(0, 1, 2, 1, 0, 2), book, counted));
  const restored = await Promise.all(weights.map(again));
  const { arrays } = keepOperator(sum(restored)).kept;
  expect(restored.map(({ bytes }) => bytes)).toEqual(weights.map(({ bytes }) => bytes));
  expect(new Set(arrays.filter(({ label }) => label === 'codebook').map(({ shared }) => shared)).size).toBe(1);
});

it('forgets whose weight a leaf was', async () => {
  const { dense } = await import('../dense/dense');
  const leaf = dense([2, 2], 'float32', async () => Float32Array.of(1, 2, 3, 4), 'layer 1');
  const restored = await again(leaf);
  expect(isDense(restored) && restored.key).toBeUndefined();
  expect(await restored.toDense()).toEqual(Float32Array.of(1, 2, 3, 4));
});
