import { create, toBinary } from '@bufbuild/protobuf';
import {
  FunctionProtoSchema,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorAnnotationSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { compress } from '../recipe/compress';
import { checkRecipe } from '../recipe/schema';
import { gaussian } from './fixtures';
import { type Model, readModel } from './model';
import { DataType, graph, modelProto, node, tensor, value } from './onnx/build';
import { Rewrite } from './rewrite';
import { scopeOf } from './scopes';
import { sessionModelOf } from './write';

const { FLOAT } = DataType;

describe('fresh names', () => {
  it('are none of those that anything in the model bears, or once bore', async () => {
    const branch = graph({
      name: 'branch',
      nodes: [node('Identity', ['captured'], ['inner'], {}, { name: 'innerNode' })],
      inputs: [],
      outputs: [value('inner', FLOAT)],
    });
    branch.valueInfo.push(value('innerStale', FLOAT, [1]));
    const proto = modelProto({
      opset: 17,
      nodes: [node('If', ['condition'], ['y'], { then_branch: branch, else_branch: branch }, { name: 'choose' })],
      inputs: [value('condition', DataType.BOOL, []), value('captured', FLOAT, [3])],
      outputs: [value('y', FLOAT)],
      initializers: [tensor('held', [1], Float32Array.of(1))],
    });
    const main = proto.graph!;
    main.valueInfo.push(value('stale', FLOAT, [1, 3, 4]));
    main.sparseInitializer.push(
      create(SparseTensorProtoSchema, {
        dims: [4n],
        values: tensor('sparse', [1], Float32Array.of(1)),
        indices: tensor('', [1], BigInt64Array.of(2n)),
      }),
    );
    main.quantizationAnnotation.push(
      create(TensorAnnotationSchema, {
        tensorName: 'annotated',
        quantParameterTensorNames: [
          create(StringStringEntryProtoSchema, { key: 'SCALE_TENSOR', value: 'annotatedScale' }),
        ],
      }),
    );
    proto.functions.push(
      create(FunctionProtoSchema, {
        name: 'twice',
        domain: 'own',
        input: ['formal'],
        output: ['result'],
        node: [node('Add', ['formal', 'formal'], ['result'], {}, { name: 'bodyNode' })],
      }),
    );
    const model = await readModel(memorySource(toBinary(ModelProtoSchema, proto), 'm.onnx'));
    const rewrite = new Rewrite(model, scopeOf(model));
    const taken = [
      ...['condition', 'captured', 'y', 'choose', 'held', 'inner', 'innerNode', 'innerStale', 'stale', 'sparse'],
      ...['annotated', 'annotatedScale', 'formal', 'result', 'bodyNode'],
    ];
    for (const name of taken) expect(rewrite.freshName(name)).toBe(`${name}_1`);
    expect(rewrite.freshName('free')).toBe('free');
    expect(rewrite.freshName('free')).toBe('free_1');
  });

  it('keep clear of value_info that others left behind, so that what is rebuilt runs', async () => {
    const random = seeded(3);
    const proto = modelProto({
      opset: 13,
      inputs: [value('x', FLOAT, ['n', 48])],
      outputs: [value('y', FLOAT)],
      nodes: [
        node('Gemm', ['x', 'w1', 'b1'], ['h'], {}, { name: 'fc1' }),
        node('Relu', ['h'], ['r']),
        node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'fc2' }),
      ],
      initializers: [
        tensor('w1', [48, 64], gaussian(random, [48, 64])),
        tensor('b1', [64], gaussian(random, [64])),
        tensor('w2', [64, 48], gaussian(random, [64, 48])),
      ],
    });
    // The names that nodes of ours would take, with another type and shape; and stale ones of constants.
    const stale = Array.from({ length: 60 }, (_, i) => value(String(i), DataType.INT32, [1, 3, 4]));
    proto.graph!.valueInfo.push(...stale, value('w1.codes', FLOAT, [7]), value('fc1/MatMul', FLOAT, [7, 7, 7]));
    const model = await readModel(memorySource(toBinary(ModelProtoSchema, proto), 'm.onnx'));
    const runtime = nodeRuntime();
    const x = { type: 'float32', dims: [6, 48], data: gaussian(seeded(9), [6, 48]) } as const;
    const output = async (of: Model) => {
      const session = await runtime.open(await sessionModelOf(of, runtime.externalData), 'cpu');
      try {
        return (await session.run({ x })).y!.data as Float32Array;
      } finally {
        await session.release();
      }
    };
    const expected = await output(model);
    for (const [aim, form] of [
      ['speed', undefined],
      ['memory', undefined],
      ['speed', 'use'],
      ['speed', 'load'],
    ] as const) {
      const recipe = checkRecipe({
        version: 1,
        export: { aim, ...(form && { form }) },
        steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }],
      });
      const { model: changed } = await compress(model, recipe, {
        factorisations: new Factorisations(createCpuBackend(runtime)),
      });
      const actual = await output(changed);
      const far = Math.hypot(...actual.map((entry, i) => entry - expected[i]!)) / Math.hypot(...expected);
      // A step of 8 bits is 1/127 of a group's largest weight, some 2.5 of its size: .6 % of it, for each of two
      // layers.
      expect(far, `${aim} ${form}`).toBeGreaterThan(0.001);
      expect(far, `${aim} ${form}`).toBeLessThan(0.015);
    }
  });
});
