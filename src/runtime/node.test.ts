import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from 'onnx-buf';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it, vi } from 'vitest';
import { UserError } from '../engine/core/errors';
import { DataType, modelBytes, modelProto, node, tensor, value } from '../engine/model/onnx/build';
import type { HostTensor } from '../engine/runtime';
import { bothWays } from './lean.fixtures';
import { readableMessage } from './messages';
import { nodeRuntime } from './node';
import { expectFetches, expectKept } from './running.fixtures';

const runtime = nodeRuntime();

/** One node applied to inputs `a`, `b`, … */
const oneNode = (op: string, types: readonly DataType[], out = types[0]) => {
  const names = types.map((_, i) => 'abc'[i]);
  return {
    bytes: modelBytes({
      nodes: [node(op, names, ['y'])],
      inputs: names.map((name, i) => value(name, types[i])),
      outputs: [value('y', out)],
    }),
    externalData: [],
  };
};

const round = async (op: string, ...tensors: HostTensor[]): Promise<HostTensor> => {
  const codes = {
    float32: DataType.FLOAT,
    float16: DataType.FLOAT16,
    float64: DataType.DOUBLE,
    int64: DataType.INT64,
    bool: DataType.BOOL,
    string: DataType.STRING,
  };
  const session = await runtime.open(
    oneNode(
      op,
      tensors.map((t) => codes[t.type as keyof typeof codes]),
    ),
    'cpu',
  );
  const { y } = await session.run(Object.fromEntries(tensors.map((t, i) => ['abc'[i], t])));
  await session.release();
  return y;
};

describe('nodeRuntime', () => {
  it('gives the same outputs in a lean session', async () => {
    const [usual, lean] = await bothWays(runtime, 'cpu');
    expect(lean).toEqual(usual);
  });

  it('returns the outputs that are asked for', () => expectFetches(runtime, 'cpu'));

  it('keeps outputs that are fed again', () => expectKept(runtime, 'cpu'));

  it('releases a session that it cannot hand out', async () => {
    const { prototype } = InferenceSession as unknown as { prototype: InferenceSession };
    const released = vi.spyOn(prototype, 'release');
    const bytes = modelBytes({
      nodes: [node('Identity', ['x'], ['__proto__'])],
      inputs: [value('x', DataType.FLOAT, [1])],
      outputs: [value('__proto__', DataType.FLOAT)],
    });
    await expect(runtime.open({ bytes, externalData: [] }, 'cpu')).rejects.toThrow('rename it');
    expect(released).toHaveBeenCalledTimes(1);
    released.mockRestore();
  });

  it('names itself and its providers', () => {
    expect(runtime.name).toMatch(/^onnxruntime-node \d+\.\d+\.\d+$/);
    expect(runtime.providers).toEqual(['cpu']);
  });

  it.each<HostTensor>([
    { type: 'float32', dims: [2], data: Float32Array.of(1.5, -2) },
    { type: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xfbff) },
    { type: 'float64', dims: [1, 2], data: Float64Array.of(1e-300, 2) },
    { type: 'int64', dims: [], data: BigInt64Array.of(-(2n ** 62n)) },
    { type: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
    { type: 'string', dims: [1], data: ['stone'] },
  ])('carries $type there and back', async (sent) => {
    expect(await round('Identity', sent)).toEqual(sent);
  });

  it('reads a view into a larger buffer at its offset', async () => {
    const sent = { type: 'float32', dims: [2], data: Float32Array.of(9, 1, 2, 9).subarray(1, 3) } as const;
    expect((await round('Neg', sent)).data).toEqual(Float32Array.of(-1, -2));
  });

  it('takes weights as external data in memory', async () => {
    const proto = modelProto({
      nodes: [node('Add', ['x', 'w'], ['y'])],
      inputs: [value('x', DataType.FLOAT, [2])],
      outputs: [value('y', DataType.FLOAT, [2])],
      initializers: [tensor('w', [2], new Float32Array(2))],
    });
    const weight = proto.graph!.initializer[0];
    weight.rawData = new Uint8Array();
    weight.dataLocation = 1;
    weight.externalData = [
      ['location', 'w.bin'],
      ['offset', '4'],
      ['length', '8'],
    ].map(([key, text]) => create(StringStringEntryProtoSchema, { key, value: text }));
    const session = await runtime.open(
      {
        bytes: toBinary(ModelProtoSchema, proto),
        externalData: [{ path: 'w.bin', data: new Uint8Array(Float32Array.of(0, 10, 20).buffer) }],
      },
      'cpu',
    );
    const { y } = await session.run({ x: { type: 'float32', dims: [2], data: Float32Array.of(1, 2) } });
    expect(y.data).toEqual(Float32Array.of(11, 22));
    await session.release();
  });

  it('answers overlapping calls, in order, each with its own result', async () => {
    const session = await runtime.open(oneNode('Neg', [DataType.FLOAT]), 'cpu');
    const values = [1, 2, 3, 4, 5];
    const answers = await Promise.all(
      values.map((v) => session.run({ a: { type: 'float32', dims: [1], data: Float32Array.of(v) } })),
    );
    expect(answers.map(({ y }) => (y.data as Float32Array)[0])).toEqual(values.map((v) => -v));
    await session.release();
  });

  it('says in one line why a model does not open, and goes on working', async () => {
    const failure = runtime.open({ bytes: Uint8Array.of(1, 2, 3), externalData: [] }, 'cpu');
    await expect(failure).rejects.toBeInstanceOf(UserError);
    await expect(failure).rejects.toThrow(/^onnxruntime cannot open this model: .*protobuf parsing failed\.$/);
    await expect(runtime.open(oneNode('Quarry', [DataType.FLOAT]), 'cpu')).rejects.toThrow(/Quarry/);
    expect((await round('Neg', { type: 'float32', dims: [1], data: Float32Array.of(1) })).data[0]).toBe(-1);
  });

  it('says in one line why a run fails', async () => {
    const session = await runtime.open(oneNode('MatMul', [DataType.FLOAT, DataType.FLOAT]), 'cpu');
    const matrix = { type: 'float32', dims: [2, 3], data: new Float32Array(6) } as const;
    await expect(session.run({ a: matrix, b: matrix })).rejects.toThrow(
      /^onnxruntime cannot run this model: MatMul: .*dimension mismatch\.$/,
    );
    await expect(session.run({ a: matrix })).rejects.toThrow(/'b' is missing/);
    await session.release();
  });

  it('refuses a provider it does not have', async () => {
    await expect(runtime.open(oneNode('Neg', [DataType.FLOAT]), 'webgpu')).rejects.toThrow(
      'onnxruntime-node 1.30.0 has no "webgpu" provider here; choose cpu.',
    );
  });

  it('keeps blocked 4-bit weights exact: activations stay float32', async () => {
    // 64 inputs, one block of 32 twice; activations of very different size would lose 1/254 each as int8.
    const codes = new Uint8Array(32).map((_, i) => ((i * 7) % 16) | (((i * 5) % 16) << 4));
    const session = await runtime.open(
      {
        bytes: modelBytes({
          opset: 21,
          nodes: [
            node('DequantizeLinear', ['w', 's'], ['d'], { axis: 0, block_size: 32 }),
            node('MatMul', ['x', 'd'], ['y']),
          ],
          inputs: [value('x', DataType.FLOAT, [1, 64])],
          outputs: [value('y', DataType.FLOAT, [1, 1])],
          initializers: [tensor('w', [64, 1], codes, DataType.UINT4), tensor('s', [2, 1], Float32Array.of(0.5, 0.25))],
        }),
        externalData: [],
      },
      'cpu',
    );
    const x = Float32Array.from({ length: 64 }, (_, i) => 1 / (i + 1));
    let expected = 0;
    for (let i = 0; i < 64; i++) {
      const code = i % 2 === 0 ? codes[i >> 1] & 15 : codes[i >> 1] >> 4;
      expected += x[i] * code * (i < 32 ? 0.5 : 0.25);
    }
    const { y } = await session.run({ x: { type: 'float32', dims: [1, 64], data: x } });
    // float32 sums of 64 terms: 64 · 6e−8 relative at worst; int8 activations are off by 1e−3.
    expect(Math.abs((y.data as Float32Array)[0] / expected - 1)).toBeLessThan(4e-6);
    await session.release();
  });
});

describe('readableMessage', () => {
  it.each([
    [
      "Can't create a session. ERROR_CODE: 2, ERROR_MESSAGE: Failed to load model because protobuf parsing failed.",
      'Failed to load model because protobuf parsing failed',
    ],
    [
      "Non-zero status code returned while running Gemm node. Name:'fc1' Status Message: /src/core/gemm_helper.h:12 bad shape.\nstack",
      'Gemm "fc1": bad shape',
    ],
    ['std::bad_alloc', 'there is not enough memory'],
    ['', 'it gave no reason'],
  ])('%j', (raw, readable) => {
    expect(readableMessage(new Error(raw))).toBe(readable);
  });
});
