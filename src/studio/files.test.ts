import { expect, it } from 'vitest';
import { route } from './files';

const zip = [0x50, 0x4b, 3, 4, 20, 0];
const file = (name: string, content: string | number[]) =>
  new File([typeof content === 'string' ? content : Uint8Array.from(content)], name);
const names = (files: readonly File[]) => files.map(({ name }) => name);

it('tells model, data and recipe apart when they come together', async () => {
  const routed = await route([
    file('a.onnx', [8, 7]),
    file('a.onnx_data', zip),
    file('test.NPZ', zip),
    file('r.json', '{}'),
  ]);
  // Beside a model a stranger is its external data, even where it begins like a zip archive.
  expect(names(routed.model)).toEqual(['a.onnx', 'a.onnx_data']);
  expect(names(routed.data)).toEqual(['test.NPZ']);
  expect(names(routed.recipes)).toEqual(['r.json']);
});

it('looks into files whose names say nothing', async () => {
  const routed = await route([file('download', zip), file('recipe', ' \n{"version": 1}'), file('weights.bin', [1, 2])]);
  expect(names(routed.data)).toEqual(['download']);
  expect(names(routed.recipes)).toEqual(['recipe']);
  expect(names(routed.model)).toEqual(['weights.bin']);
});

it('holds an empty file for the model reader, which names it', async () => {
  expect(names((await route([file('empty', '')])).model)).toEqual(['empty']);
});
