import { expect, it } from 'vitest';
import { classifyFiles, type Dropped } from './files';

const zip = [0x50, 0x4b, 3, 4, 20, 0];
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const file = (name: string, content: string | number[], folder = ''): Dropped => ({
  file: new File([typeof content === 'string' ? content : Uint8Array.from(content)], name),
  folder,
});
const names = (files: readonly (File | Dropped)[]) => files.map((one) => ('file' in one ? one.file.name : one.name));

it('tells model, data and recipe apart when they come together', async () => {
  const sorted = await classifyFiles([
    file('r.json', '{}'),
    file('a.onnx_data', zip),
    file('test.NPZ', zip),
    file('a.onnx', [8, 7]),
  ]);
  expect(names(sorted.models)).toEqual(['a.onnx']);
  // Beside a model a stranger is its external data, even where it begins like a zip archive.
  expect(names(sorted.others)).toEqual(['a.onnx_data']);
  expect(names(sorted.data)).toEqual(['test.NPZ']);
  expect(names(sorted.recipes)).toEqual(['r.json']);
});

it('looks into files whose names say nothing', async () => {
  const sorted = await classifyFiles([
    file('download', [...zip, ...bytes('x.npy')]),
    file('recipe', ' \n{"version": 1, "steps": []}'),
    file('weights.bin', [1, 2]),
  ]);
  expect(names(sorted.data)).toEqual(['download']);
  expect(names(sorted.recipes)).toEqual(['recipe']);
  expect(names(sorted.others)).toEqual(['weights.bin']);
});

it('leaves other zip archives to the model reader, which tells what they are', async () => {
  const sorted = await classifyFiles([file('net.pt', [...zip, ...bytes('archive/data.pkl')]), file('photos.zip', zip)]);
  expect(names(sorted.data)).toEqual([]);
  expect(names(sorted.others)).toEqual(['net.pt', 'photos.zip']);
});

it('finds the list of names at the end of a large archive', async () => {
  const sorted = await classifyFiles([file('big', [...zip, ...new Array(300_000).fill(0), ...bytes('x.npy')])]);
  expect(names(sorted.data)).toEqual(['big']);
});

it('of the JSON in a folder only a recipe is one', async () => {
  const sorted = await classifyFiles([
    file('model.onnx', [8, 7], 'net'),
    file('config.json', '{"steps": 3}', 'net'),
    file('broken.json', '{', 'net'),
    file('small.json', '{"version": 1, "steps": []}', 'net/recipes'),
  ]);
  expect(names(sorted.recipes)).toEqual(['small.json']);
  expect(names(sorted.models)).toEqual(['model.onnx']);
});

it('holds an empty file for the model reader, which names it', async () => {
  expect(names((await classifyFiles([file('empty', '')])).others)).toEqual(['empty']);
});
