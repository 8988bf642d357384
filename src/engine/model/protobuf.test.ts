import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { readBytes, storedBytes, tensorsOf } from './model';
import { DataType, modelProto, node, value } from './onnx/build';
import { varint } from './onnx/parts';
import { bytesOf, read, wrapped } from './reading.fixtures';
import { externalOf } from './tensors';
import { bytesOfFile, filesOf } from './write';

const { FLOAT, INT64, DOUBLE, INT32 } = DataType;

describe('protobuf in other words', () => {
  const runtime = nodeRuntime();
  const join = (...parts: readonly (Uint8Array | readonly number[])[]) =>
    Uint8Array.from(parts.flatMap((part) => [...part]));
  const COUNT = 3000;
  const floats = Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i));
  const doubles = Float64Array.from(floats);
  const view = (array: Float32Array | Float64Array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const header = (type: number, name = 'w') =>
    join([8, ...varint(COUNT)], [16, type], wrapped(8, new TextEncoder().encode(name)));
  const unpacked = (field: number, bytes: Uint8Array, width: number) =>
    join(
      ...Array.from({ length: bytes.length / width }, (_, i) => [
        field * 8 + (width === 4 ? 5 : 1),
        ...bytes.subarray(width * i, width * (i + 1)),
      ]),
    );
  const half = view(floats).length / 2;
  const [first, second] = [view(floats).subarray(0, half), view(floats).subarray(half)];
  const ints = (from: number, to: number) => join(...Array.from({ length: to - from }, (_, i) => varint(from + i)));

  const forms: [what: string, type: number, tensor: Uint8Array, expected: Uint8Array][] = [
    [
      'float_data in two packed chunks',
      FLOAT,
      join(header(FLOAT), wrapped(4, first), wrapped(4, second)),
      view(floats),
    ],
    ['float_data, each with a tag', FLOAT, join(header(FLOAT), unpacked(4, view(floats), 4)), view(floats)],
    ['float_data, packed and not', FLOAT, join(wrapped(4, first), header(FLOAT), unpacked(4, second, 4)), view(floats)],
    [
      'double_data in three chunks',
      DOUBLE,
      join(...[0, 1, 2].map((i) => wrapped(10, view(doubles.slice(1000 * i, 1000 * (i + 1))))), header(DOUBLE)),
      view(doubles),
    ],
    [
      'int32_data in two chunks',
      INT32,
      join(wrapped(5, ints(0, 1000)), header(INT32), wrapped(5, ints(1000, COUNT))),
      new Uint8Array(Int32Array.from(floats, (_, i) => i).buffer),
    ],
    [
      'int64_data, packed and not',
      INT64,
      join(header(INT64), wrapped(7, ints(0, 2999)), [56, ...varint(2999)]),
      new Uint8Array(BigInt64Array.from([...floats], (_, i) => BigInt(i)).buffer),
    ],
    [
      'raw_data twice, of which the last counts',
      FLOAT,
      join(header(FLOAT), wrapped(9, new Uint8Array(12)), wrapped(9, view(floats))),
      view(floats),
    ],
    [
      'raw_data beside float_data',
      FLOAT,
      join(header(FLOAT), wrapped(4, new Uint8Array(4096)), wrapped(9, view(floats))),
      view(floats),
    ],
    [
      'an unknown field and a group',
      FLOAT,
      join(
        header(FLOAT),
        wrapped(99, [1, 2, 3] as unknown as Uint8Array),
        [0xa3, 6, 8, 1, 0xa4, 6],
        wrapped(9, view(floats)),
      ),
      view(floats),
    ],
    [
      'longer numbers than needed',
      FLOAT,
      join(
        [0x88, 0, ...varint(COUNT).map((b, i, all) => (i === all.length - 1 ? b | 128 : b)), 0],
        [16, 0x81, 0x80, 0],
        wrapped(8, new TextEncoder().encode('w')),
        wrapped(9, view(floats)),
      ),
      view(floats),
    ],
  ];

  /** The model around an initializer that is given as bytes. */
  const around = (initializer: Uint8Array, type: number): Uint8Array<ArrayBuffer> => {
    const proto = modelProto({ inputs: [], outputs: [value('y', type)], nodes: [node('Identity', ['w'], ['y'])] });
    const whole = bytesOf(proto);
    // The graph once more: protobuf puts the parts of a message together.
    return join(whole, wrapped(7, wrapped(5, initializer)));
  };

  it.each(forms)('is read as ONNX Runtime reads it: %s', async (_, type, written, expected) => {
    const bytes = around(written, type);
    const model = await read(bytes);
    const [held] = model.graph.initializer;
    expect(Buffer.from(await readBytes(model, held!)).equals(expected)).toBe(true);
    expect(storedBytes(model)).toBe(bytes.length);
    for (const one of [bytes, await bytesOfFile(filesOf(model, 'again.onnx')[0]!)]) {
      const session = await runtime.open({ bytes: one, externalData: [] }, 'cpu');
      const { data } = (await session.run({})).y!;
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      expect(Buffer.from(buffer, byteOffset, byteLength).equals(expected)).toBe(true);
      await session.release();
    }
  });

  it('puts a tensor together that an attribute holds in two parts', async () => {
    const attribute = join(
      wrapped(1, new TextEncoder().encode('value')),
      [0xa0, 1, 4],
      wrapped(5, join(header(FLOAT, ''), wrapped(4, first))),
      wrapped(5, wrapped(4, second)),
    );
    const constant = join(
      wrapped(2, new TextEncoder().encode('w')),
      wrapped(4, new TextEncoder().encode('Constant')),
      wrapped(5, attribute),
    );
    const proto = modelProto({ inputs: [], outputs: [value('y', FLOAT)], nodes: [] });
    const identity = toBinary(
      ModelProtoSchema,
      modelProto({ inputs: [], outputs: [], nodes: [node('Identity', ['w'], ['y'])] }),
    );
    const nodes = fromBinary(ModelProtoSchema, identity).graph!;
    proto.graph!.node = nodes.node;
    const bytes = join(wrapped(7, wrapped(1, constant)), bytesOf(proto));
    const model = await read(bytes);
    const [held] = [...tensorsOf(model.proto)];
    expect(Buffer.from(await readBytes(model, held!)).equals(view(floats))).toBe(true);
  });

  it('keeps the pieces of a large payload where they are', async () => {
    const model = await read(around(join(header(FLOAT), wrapped(4, first), wrapped(4, second)), FLOAT));
    expect(externalOf(model.graph.initializer[0]!)).toMatchObject({ offset: 0, length: 4 * COUNT });
  });
});
