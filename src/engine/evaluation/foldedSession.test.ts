import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { randomQuantized } from '../backend/weights.fixtures';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { constantGraphs } from '../model/constantGraphs';
import { gaussian } from '../model/fixtures';
import { readModel, tensorsOf } from '../model/model';
import { DataType, graph, int64, modelProto, node, tensor, value } from '../model/onnx/build';
import { bytesOf, floatsToHalves } from '../model/tensors';
import { clustered, codebookOf } from '../operators/codebook/codebook';
import { denseOf } from '../operators/dense/dense';
import type { ExportForm } from '../operators/export/choice';
import { outputOf, running, usesOf } from '../operators/export/running.fixtures';
import { lowRank } from '../operators/lowRank/lowRank';
import type { Operator } from '../operators/operator';
import { quantizedOf } from '../operators/quantized/quantized';
import { sparsely } from '../operators/sparse/sparse.fixtures';
import { sum } from '../operators/sum/sum';
import { foldedModel, openFolded } from './foldedSession';

const runtime = nodeRuntime();
const random = seeded(17);
const [out, inner] = [200, 160];
const leaf = (...shape: number[]) => denseOf(shape, 'float32', gaussian(random, shape));
const codes = () =>
  quantizedOf(
    [out, inner],
    'float32',
    randomQuantized(random, out, inner, { bits: 4, blockSize: 32, zeroPoints: true }),
  );
const OPERATORS: Record<string, (opset: number) => Operator | Promise<Operator>> = {
  sparse: (opset) => sparsely(opset, [out, inner], 0.5),
  'sparse kernel': (opset) => sparsely(opset, [40, 90, 3, 3], 0.5),
  'sparse 2:4': (opset) => sparsely(opset, [out, inner], 1, { pattern: { kind: 'n:m', n: 2, m: 4 } }),
  'half precision': () => denseOf([out, inner], 'float16', gaussian(random, [out, inner])),
  'low rank': () => lowRank(leaf(out, 40), leaf(40, inner)),
  'low rank plus sparse': async (opset) =>
    sum([lowRank(leaf(out, 20), leaf(20, inner)), await sparsely(opset, [out, inner], 0.1)]),
  '4 bits': codes,
  codebook: () =>
    clustered(
      [out, inner],
      Uint8Array.from({ length: out * inner }, () => random.below(200)),
      codebookOf(gaussian(random, [200]), 'float32'),
    ),
};
const FORMS: readonly ExportForm[] = ['load', 'factored', 'use'];

describe('a comparison', () => {
  for (const [name, make] of Object.entries(OPERATORS)) {
    it(`computes what the file does, bit for bit, of dense weights: ${name}`, async () => {
      for (const opset of [7, 17]) {
        const operator = await make(opset);
        for (const use of usesOf(operator.shape)) {
          for (const form of FORMS) {
            const place = `${use}, ${form}, opset ${opset}`;
            const { changed, feeds } = await running(operator, use, { opset, choice: { aim: 'speed', form } });
            const session = await openFolded(changed, runtime, 'cpu');
            const folded = (await session.run(feeds)).y!.data;
            await session.release();
            expect(folded, place).toEqual(await outputOf(changed, feeds, runtime, 'cpu'));
            const rebuilt = await foldedModel(changed, runtime);
            if (form !== 'load') continue;
            // Nothing is left to fold, and nothing of what it was folded from is stored but what others read.
            expect(constantGraphs(rebuilt.graph, true), place).toEqual([]);
            const large = [...tensorsOf(rebuilt.proto)].map(bytesOf).filter((bytes) => bytes > 4000);
            expect(large, place).toEqual([4 * operator.shape.reduce((product, size) => product * size, 1)]);
          }
        }
      }
    });
  }

  it('computes what the file does, bit for bit, of half precision too', async () => {
    for (const [name, make] of Object.entries(OPERATORS)) {
      for (const opset of [9, 17]) {
        const operator = await make(opset);
        for (const use of usesOf(operator.shape)) {
          const choice = { aim: 'speed', form: 'load' } as const;
          const { changed, feeds } = await running(operator, use, { opset, choice, type: 'float16' });
          const session = await openFolded(changed, runtime, 'cpu');
          const folded = (await session.run(feeds)).y!.data;
          await session.release();
          expect(folded, `${name}, ${use}, opset ${opset}`).toEqual(await outputOf(changed, feeds, runtime, 'cpu'));
        }
      }
    }
  });

  it('leaves alone what is factored or rebuilt at use', async () => {
    for (const [operator, form] of [
      [lowRank(leaf(out, 40), leaf(40, inner)), 'factored'],
      [codes(), 'factored'],
      [await sparsely(17, [out, inner], 0.5), 'use'],
    ] as const) {
      const { changed } = await running(operator, 'Gemm', { choice: { aim: 'speed', form } });
      expect(await foldedModel(changed, runtime), form).toBe(changed);
    }
  });

  it('leaves to the runtime what it does not fold: products of half precision, and lists', async () => {
    const halves = tensor('h', [64, 128], floatsToHalves(gaussian(random, [64, 128])), DataType.FLOAT16);
    const proto = modelProto({
      nodes: [
        node('Transpose', ['h'], ['turned'], { perm: [1, 0] }),
        node('MatMul', ['turned', 'h'], ['product']),
        node('Cast', ['product'], ['wide'], { to: DataType.FLOAT }),
        node('SequenceConstruct', ['w', 'w'], ['list']),
        node('SequenceAt', ['list', 'at'], ['one']),
        node('Add', ['wide', 'one'], ['sum']),
        node('Neg', ['w'], ['negative']),
        node('Add', ['sum', 'negative'], ['all']),
        node('MatMul', ['x', 'all'], ['y']),
      ],
      inputs: [value('x', DataType.FLOAT, [3, 128])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [halves, tensor('w', [128, 128], gaussian(random, [128, 128])), int64('at', [1], [])],
    });
    expect(constantGraphs(proto.graph!, true).map(({ output }) => output)).toEqual(['turned', 'negative']);
    const model = await readModel(memorySource(toBinary(ModelProtoSchema, proto), 'halves.onnx'));
    const feeds = { x: { type: 'float32', dims: [3, 128], data: gaussian(random, [3, 128]) } } as const;
    const session = await openFolded(model, runtime, 'cpu');
    const folded = (await session.run(feeds)).y!.data;
    await session.release();
    expect(folded).toEqual(await outputOf(model, feeds, runtime, 'cpu'));
  });

  it('folds what the runtime folds, and nothing else', async () => {
    const weight = tensor('w', [64, 64], gaussian(random, [64, 64]));
    const wide = tensor(
      'q',
      [64, 64],
      Uint8Array.from({ length: 4096 }, (_, i) => i % 256),
    );
    const inside = graph({
      nodes: [node('Identity', ['turned'], ['chosen'])],
      inputs: [],
      outputs: [value('chosen', DataType.FLOAT)],
    });
    const proto = modelProto({
      nodes: [
        node('Transpose', ['w'], ['turned']),
        node('If', ['c'], ['taken'], { then_branch: inside, else_branch: inside }),
        node('DequantizeLinear', ['q', 's'], ['decoded']),
        node('Mul', ['decoded', 'w'], ['product']),
        node('NonZero', ['w'], ['places']),
        node('ReduceSum', ['places', 'axis'], ['total']),
        node('RandomUniformLike', ['w'], ['drawn']),
        node('Neg', ['given'], ['negative']),
        node('MatMul', ['x', 'product'], ['y']),
      ],
      inputs: [
        value('x', DataType.FLOAT, [1, 64]),
        value('c', DataType.BOOL, []),
        value('given', DataType.FLOAT, [64, 64]),
      ],
      outputs: ['y', 'taken', 'total', 'drawn', 'negative'].map((name) =>
        value(name, name === 'total' ? DataType.INT64 : DataType.FLOAT),
      ),
      initializers: [
        weight,
        wide,
        tensor('s', [], Float32Array.of(0.5)),
        int64('axis', [1]),
        tensor('given', [64, 64], new Float32Array(4096)),
      ],
    });
    // What is read inside a graph counts; codes, places, draws and what a caller may replace do not.
    expect(constantGraphs(proto.graph!, true).map(({ output }) => output)).toEqual(['turned']);
    expect(
      constantGraphs(proto.graph!, false)
        .map(({ output }) => output)
        .sort(),
    ).toEqual(['negative', 'turned']);
    proto.graph!.valueInfo.push(value('places', DataType.INT64, [2, 4096]));
    expect(
      constantGraphs(proto.graph!, true)
        .map(({ output }) => output)
        .sort(),
    ).toEqual(['total', 'turned']);
  });
});
