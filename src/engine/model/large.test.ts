import { describe, expect, it } from 'vitest';
import { type ByteSource, blobSource, checkRange, joinedSource, memorySource, piecesOf } from '../core/bytes';
import { hashModel } from './hashModel';
import { among, readBytes, readModel } from './model';
import { DataType, graph, modelProto, node, tensor, value } from './onnx/build';
import { bytesOf, external, holding } from './reading.fixtures';
import { bytesOfFile, filesOf, sessionModelOf } from './write';

const MB = 2 ** 20;

/** Zeros that are nowhere, and the largest part of them that anyone asked for. */
function zeros(name: string, size: number): ByteSource & { largest: () => number } {
  let largest = 0;
  return {
    name,
    size,
    largest: () => largest,
    async read(offset, length) {
      checkRange(name, size, offset, length);
      largest = Math.max(largest, length);
      return new Uint8Array(length);
    },
  };
}

describe('a tensor of more than 2 GiB', () => {
  // 2,150,400,000 bytes: their number does not fit into 32 bits with a sign.
  const rows = 2_100_000;
  const size = rows * 1024;

  async function opened() {
    const table = external('table', 'w.bin', { offset: '0', length: String(size) });
    Object.assign(table, { dims: [BigInt(rows), 256n] });
    const proto = modelProto({
      inputs: [value('ids', DataType.INT64, ['n'])],
      outputs: [value('y', DataType.FLOAT)],
      nodes: [node('Gather', ['table', 'ids'], ['e']), node('MatMul', ['e', 'w'], ['y'])],
      initializers: [table, tensor('w', [256, 8], new Float32Array(2048))],
    });
    const source = zeros('w.bin', size);
    return { model: await readModel(memorySource(bytesOf(proto), 'model.onnx'), among([source])), source };
  }

  it('is written in pieces, to a file of its own', async () => {
    const { model, source } = await opened();
    const [main, data] = filesOf(model, 'out.onnx');
    expect([main!.name, data!.name]).toEqual(['out.onnx', 'out.onnx_data']);
    expect(data!.size).toBe(size + 8192);
    let [bytes, largest] = [0, 0];
    for await (const chunk of data!.chunks()) {
      bytes += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    expect(bytes).toBe(data!.size);
    expect(Math.max(largest, source.largest())).toBeLessThanOrEqual(16 * MB);
    const written = zeros('out.onnx_data', data!.size);
    const again = await readModel(memorySource(await bytesOfFile(main!), 'out.onnx'), among([written]));
    expect(again.graph.initializer.map(({ name }) => name)).toEqual(['table', 'w']);
  });

  it('is not read in order to be run, which onnxruntime would refuse', async () => {
    const { model, source } = await opened();
    await expect(sessionModelOf(model, true)).rejects.toThrow(
      /^model\.onnx holds a tensor of 2\.2 GB, "table", more than/,
    );
    expect(source.largest()).toBe(0);
  });

  it('is read and hashed in pieces', async () => {
    const { model, source } = await opened();
    let bytes = 0;
    for await (const piece of piecesOf(source, 0, size, 64 * MB)) bytes += piece.length;
    expect(bytes).toBe(size);
    expect(source.largest()).toBe(64 * MB);
    const small = zeros('w.bin', 32 * MB);
    await hashModel({ ...model, sources: new Map([['w.bin', small]]) });
    expect(small.largest()).toBeLessThanOrEqual(4 * MB);
  });
});

describe('a source that fails', () => {
  const failing = (error: Error): ByteSource => ({ name: 'w.bin', size: 16, read: () => Promise.reject(error) });
  const opened = async (error: Error) =>
    readModel(memorySource(bytesOf(holding(external('w', 'w.bin'))), 'model.onnx'), among([failing(error)]));

  it.each([
    [
      new RangeError('Array buffer allocation failed'),
      /^w\.bin holds a weight of 0\.0 GB, more than there is memory for/,
    ],
    [new Error('The file was changed'), /^w\.bin can no longer be read \(The file was changed\): open the model again/],
  ])('is told apart: %s', async (error, sentence) => {
    const model = await opened(error);
    await expect(readBytes(model, model.graph.initializer[0]!)).rejects.toThrow(sentence);
    await expect(bytesOfFile(filesOf(model, 'out.onnx')[0]!)).rejects.toThrow(sentence);
    await expect(sessionModelOf(model, true)).rejects.toThrow(sentence);
  });
});

describe('what one file cannot hold', () => {
  const held = () => tensor('inner', [1024, 64], new Float32Array(65536).fill(1));
  const branch = () =>
    graph({
      name: 'b',
      inputs: [],
      outputs: [value('o', DataType.FLOAT)],
      nodes: [node('MatMul', ['x', 'inner'], ['o'])],
      initializers: [held()],
    });
  const inputs = [value('x', DataType.FLOAT, ['n', 1024]), value('c', DataType.BOOL, [])];
  const outputs = [value('y', DataType.FLOAT)];

  it('goes beside it, also from inside branches', async () => {
    const nodes = [node('If', ['c'], ['y'], { then_branch: branch(), else_branch: branch() })];
    const model = await readModel(memorySource(bytesOf(modelProto({ inputs, outputs, nodes })), 'model.onnx'));
    const [main, data] = filesOf(model, 'out.onnx', {}, 4096);
    expect(main!.size).toBeLessThan(4096);
    expect(data!.size).toBe(2 * 262_144);
  });

  it('is said where it stands in nodes, which hold their numbers themselves', async () => {
    const nodes = [node('Constant', [], ['inner'], { value: held() }), node('MatMul', ['x', 'inner'], ['y'])];
    const model = await readModel(memorySource(bytesOf(modelProto({ inputs, outputs, nodes })), 'model.onnx'));
    expect(() => filesOf(model, 'out.onnx', {}, 4096)).toThrow(
      /^out\.onnx would have .* in its nodes, more than one ONNX file holds/,
    );
  });
});

describe('sources', () => {
  it('join their parts', async () => {
    const source = memorySource(
      Uint8Array.from({ length: 20 }, (_, i) => i),
      'f',
    );
    const joined = joinedSource(source, [
      [2, 5],
      [10, 10],
      [12, 16],
    ]);
    expect(joined.size).toBe(7);
    for (let from = 0; from <= 7; from++)
      for (let to = from; to <= 7; to++)
        expect([...(await joined.read(from, to - from))]).toEqual([2, 3, 4, 12, 13, 14, 15].slice(from, to));
    await expect(joined.read(3, 5)).rejects.toThrow(RangeError);
  });

  it('give the bytes of a Blob', async () => {
    const blob = new Blob([Uint8Array.of(1, 2, 3, 4)]);
    expect(await blobSource(blob, 'b').read(1, 2)).toEqual(Uint8Array.of(2, 3));
  });
});
