import { expect, it } from 'vitest';
import type { Dropped } from '../files';
import { besideModel, listed } from './opening';

const at = (path: string): Dropped => {
  const parts = path.split('/');
  return { file: new File([], parts.pop()!), folder: parts.join('/') };
};

it('data files are those of the folder of the model, and below', () => {
  const others = ['net/fp32/w.bin', 'net/fp32/parts/p.bin', 'net/fp16/w.bin', 'net/w.bin', 'w.bin'].map(at);
  const beside = (path: string) => besideModel(at(path), others).map(({ folder, file }) => `${folder}/${file.name}`);
  expect(beside('net/fp32/model.onnx')).toEqual(['net/fp32/w.bin', 'net/fp32/parts/p.bin']);
  expect(beside('net/model.onnx')).toHaveLength(4);
  expect(beside('model.onnx')).toHaveLength(5);
});

it('a folder whose name begins alike is another one', () => {
  expect(besideModel(at('net/model.onnx'), [at('network/w.bin')])).toEqual([]);
});

it('names are listed in words', () => {
  expect(listed(['a'])).toBe('a');
  expect(listed(['a', 'b'])).toBe('a and b');
  expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
});
