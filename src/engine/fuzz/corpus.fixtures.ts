import { create, fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  FunctionProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TrainingInfoProtoSchema,
} from 'onnx-buf';
import { type Random, seeded } from '../core/random';
import { fixtures, gaussian } from '../model/fixtures';
import { DataType, float, graph, int64, modelProto, node, tensor, value } from '../model/onnx/build';
import { randomModel } from '../recipe/randomModel.fixtures';

const { FLOAT, INT64, BOOL } = DataType;

/** A sound model to begin with: one of the hand-made ones below, of the engine's fixtures, or a random one. */
export function soundModel(random: Random): ModelProto {
  const kind = random.below(4);
  if (kind === 0) return fromBinary(ModelProtoSchema, pick(random, fixtures()).bytes);
  if (kind === 1) return fromBinary(ModelProtoSchema, randomModel(random.below(2 ** 31)).bytes);
  return pick(random, [branches, recurrent, everyPlace, deep])(random);
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random.below(from.length)]!;

const weight = (random: Random, name: string, dims: number[]) => tensor(name, dims, gaussian(random, dims));

/** Two branches that use the same names for their own values and weights. */
function branches(random: Random): ModelProto {
  const branch = (name: string) =>
    graph({
      name,
      inputs: [],
      outputs: [value(`${name}_out`, FLOAT)],
      nodes: [
        node('MatMul', ['x', 'w'], ['a'], {}, { name: `${name}/fc` }),
        node('Identity', ['a'], ['b']),
        node('MatMul', ['b', 'outer'], [`${name}_out`]),
      ],
      initializers: [weight(random, 'w', [24, 40])],
    });
  return modelProto({
    inputs: [value('x', FLOAT, ['n', 24]), value('go', BOOL, [])],
    outputs: [value('y', FLOAT)],
    nodes: [node('If', ['go'], ['y'], { then_branch: branch('then'), else_branch: branch('else') }, { name: 'if' })],
    initializers: [weight(random, 'outer', [40, 32])],
  });
}

function recurrent(random: Random): ModelProto {
  const body = graph({
    name: 'body',
    inputs: [value('state', FLOAT, [2, 32]), value('x_i', FLOAT, [2, 24])],
    outputs: [value('next', FLOAT, [2, 32]), value('copy', FLOAT, [2, 32])],
    nodes: [
      node('MatMul', ['state', 'recur'], ['a'], {}, { name: 'recur' }),
      node('MatMul', ['x_i', 'input'], ['b'], {}, { name: 'input' }),
      node('Add', ['a', 'b'], ['sum']),
      node('Tanh', ['sum'], ['next']),
      node('Identity', ['next'], ['copy']),
    ],
    initializers: [weight(random, 'recur', [32, 32])],
  });
  return modelProto({
    inputs: [value('x', FLOAT, ['time', 2, 24])],
    outputs: [value('last', FLOAT), value('y', FLOAT)],
    nodes: [node('Scan', ['start', 'x'], ['last', 'y'], { body, num_scan_inputs: 1 }, { name: 'scan' })],
    initializers: [weight(random, 'start', [2, 32]), weight(random, 'input', [24, 32])],
  });
}

/** Tensors in every place and every field that can hold one, and names that objects have anyway. */
function everyPlace(random: Random): ModelProto {
  const list = (name: string, tensors: ReturnType<typeof tensor>[]): AttributeProto =>
    Object.assign(node('X', [], [], { [name]: 0 }).attribute[0]!, { type: 9, tensors });
  const values = Array.from(gaussian(random, [40, 30]));
  const sparse = create(SparseTensorProtoSchema, {
    dims: [20n, 20n],
    values: tensor('sparse', [3], Float32Array.of(1, 2, 3)),
    indices: int64('', [1, 22, 43], [3]),
  });
  const noted = node('Note', ['h'], ['noted'], { half: float(0.5) }, { domain: 'made.up', name: 'toString' });
  noted.attribute.push(list('tensors', [weight(random, 't0', [8, 8]), int64('t1', [1, 2, 3])]));
  const proto = modelProto({
    domains: { 'made.up': 1 },
    inputs: [value('x', FLOAT, ['batch', 40]), value('ids', INT64, ['batch', 'constructor'])],
    outputs: [value('y', FLOAT), value('e', FLOAT)],
    nodes: [
      node('Constant', [], ['c'], { value: weight(random, '', [30, 24]) }),
      node('MatMul', ['x', '__proto__'], ['h'], {}, { name: 'constructor' }),
      noted,
      node('MatMul', ['h', 'c'], ['y'], {}, { name: '__proto__' }),
      node('Gather', ['table', 'ids'], ['e'], {}, { name: 'table' }),
    ],
    initializers: [
      create(TensorProtoSchema, { name: '__proto__', dims: [40n, 30n], dataType: FLOAT, floatData: values }),
      weight(random, 'table', [50, 16]),
      create(TensorProtoSchema, {
        name: 'words',
        dims: [2n],
        dataType: DataType.STRING,
        stringData: [Uint8Array.of(104, 105), Uint8Array.of(255)],
      }),
    ],
  });
  proto.graph!.sparseInitializer.push(sparse);
  proto.functions.push(
    create(FunctionProtoSchema, {
      name: 'Note',
      domain: 'made.up',
      input: ['a'],
      output: ['b'],
      node: [node('Constant', [], ['k'], { value: weight(random, 'k', [40, 40]) }), node('MatMul', ['a', 'k'], ['b'])],
      opsetImport: [{ domain: '', version: 17n }],
    }),
  );
  proto.trainingInfo.push(
    create(TrainingInfoProtoSchema, {
      initialization: graph({ nodes: [], inputs: [], outputs: [], initializers: [weight(random, 'lr', [40, 30])] }),
    }),
  );
  for (const key of ['constructor', '__proto__', 'toString', 'author'])
    proto.metadataProps.push(create(StringStringEntryProtoSchema, { key, value: `value of ${key}` }));
  return proto;
}

/** Long chains of what hands a weight on, and of branches inside branches. */
function deep(random: Random): ModelProto {
  const links = 1 + random.below(300);
  const chain = Array.from({ length: links }, (_, i) => node('Identity', [i === 0 ? 'w' : `w${i}`], [`w${i + 1}`]));
  let inner = graph({
    name: 'innermost',
    inputs: [],
    outputs: [value('out0', FLOAT)],
    nodes: [node('MatMul', ['x', `w${links}`], ['out0'], {}, { name: 'fc' })],
  });
  for (let level = 1; level <= random.below(12); level++) {
    const branch = { then_branch: inner, else_branch: inner };
    const outputs = [value(`out${level}`, FLOAT)];
    inner = graph({
      name: `level ${level}`,
      inputs: [],
      outputs,
      nodes: [node('If', ['go'], [`out${level}`], branch)],
    });
  }
  return modelProto({
    inputs: [value('x', FLOAT, ['n', 24]), value('go', BOOL, [])],
    outputs: [value('y', FLOAT)],
    nodes: [...chain, node('If', ['go'], ['y'], { then_branch: inner, else_branch: inner })],
    initializers: [weight(random, 'w', [24, 40])],
  });
}

export const randomOf = (kind: string, seed: number): Random =>
  seeded([...kind].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed));
