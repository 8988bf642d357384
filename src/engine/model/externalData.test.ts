import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  FunctionProtoSchema,
  type NodeProto,
  SparseTensorProtoSchema,
  TrainingInfoProtoSchema,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { readBytes } from './model';
import { graph, int64, type modelProto, node } from './onnx/build';
import { bytesOf, external, holding, read, refusal, sound } from './reading.fixtures';

describe('data outside the model', () => {
  const data = memorySource(new Uint8Array(16), 'w.bin');

  it.each([
    ['../w.bin', 'leads out of the folder of the model'],
    ['a/../../w.bin', 'leads out of the folder of the model'],
    ['a\\..\\..\\w.bin', 'leads out of the folder of the model'],
    ['..', 'leads out of the folder of the model'],
    ['/etc/w.bin', 'is not below the folder of the model'],
    ['\\\\server\\share\\w.bin', 'is not below the folder of the model'],
    ['\\w.bin', 'is not below the folder of the model'],
    ['C:\\w.bin', 'is not below the folder of the model'],
    ['c:w.bin', 'is not below the folder of the model'],
    ['', 'names no file'],
    ['a/', 'names a folder'],
    ['w.bin\0.txt', 'is no name of a file'],
    ['carrara:self', 'is no name of a file'],
  ])('is not looked for at %j', async (location, why) => {
    const bytes = bytesOf(holding(external('note', location)));
    expect(await refusal(() => read(bytes, data))).toContain(
      `model.onnx is not opened: tensor "note" keeps its data at ${JSON.stringify(location)}, which ${why}`,
    );
  });

  it.each(['w.bin', 'weights/w.bin', './w.bin', 'a..b/w.bin'])('is found at %j', async (location) => {
    const model = await read(bytesOf(holding(external('w', location))), data);
    expect(await readBytes(model, model.graph.initializer[0]!)).toEqual(new Uint8Array(16));
  });

  it('is not taken from one of two files of the same name', async () => {
    const bytes = bytesOf(holding(external('w', 'a/w.bin')));
    expect(await refusal(() => read(bytes, data, data))).toMatch(/^2 of the files are called w\.bin/);
  });

  const held = external('hidden', '../secret.txt');
  const withList = (name: string, attribute: Partial<AttributeProto>): NodeProto => {
    const made = node('X', [], ['x'], { [name]: 0 });
    Object.assign(made.attribute[0]!, attribute);
    return made;
  };
  const inside = graph({ nodes: [], inputs: [], outputs: [], initializers: [held] });
  const sparse = create(SparseTensorProtoSchema, { values: held, indices: int64('', [0, 1, 2, 3]) });
  const indices = create(SparseTensorProtoSchema, { values: sound(), indices: held });
  const note = create(FunctionProtoSchema, { name: 'F', node: [node('Constant', [], ['k'], { value: held })] });
  const defaults = create(FunctionProtoSchema, { attributeProto: node('X', [], [], { t: held }).attribute });
  const places: [where: string, change: (proto: ReturnType<typeof modelProto>) => unknown][] = [
    ['initializer', ({ graph }) => graph!.initializer.push(held)],
    ['Constant node', ({ graph }) => graph!.node.push(node('Constant', [], ['c'], { value: held }))],
    ['list of tensors', ({ graph }) => graph!.node.push(withList('l', { tensors: [sound(), held] }))],
    ['branch', ({ graph }) => graph!.node.push(node('X', [], ['b'], { then_branch: inside }))],
    ['list of graphs', ({ graph }) => graph!.node.push(withList('g', { graphs: [inside] }))],
    ['sparse initializer', ({ graph }) => graph!.sparseInitializer.push(sparse)],
    ['index of a sparse initializer', ({ graph }) => graph!.sparseInitializer.push(indices)],
    ['sparse attribute', ({ graph }) => graph!.node.push(withList('s', { sparseTensor: sparse }))],
    ['list of sparse ones', ({ graph }) => graph!.node.push(withList('s', { sparseTensors: [sparse] }))],
    ['function', ({ functions }) => functions.push(note)],
    ['default of a function', ({ functions }) => functions.push(defaults)],
    ['training step', ({ trainingInfo }) => trainingInfo.push(create(TrainingInfoProtoSchema, { algorithm: inside }))],
  ];
  it.each(places)('is refused in every place: %s', async (_, change) => {
    const proto = holding(sound());
    change(proto);
    expect(await refusal(() => read(bytesOf(proto), data))).toMatch(/tensor "hidden" keeps its data at "\.\.\/secret/);
  });

  it('that is a pointer of Git LFS is called so', async () => {
    const pointer = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n');
    const bytes = bytesOf(holding(external('w', 'w.bin', { offset: '0', length: '16' })));
    const short = memorySource(pointer.subarray(0, 10), 'w.bin');
    expect(await refusal(() => read(bytes, short))).toMatch(/^w\.bin is too short: tensor "w" needs bytes 0 to 16/);
    const far = bytesOf(holding(external('w', 'w.bin', { offset: '4096', length: '16' })));
    expect(await refusal(() => read(far, memorySource(pointer, 'w.bin')))).toMatch(
      /^w\.bin, which holds tensor "w", is a Git LFS pointer, which stands for the file: run "git lfs pull"/,
    );
  });
});
