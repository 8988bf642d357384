import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors';
import { writeNpz } from './npz/npz';
import { readArrays } from './readArrays';

const text = (words: string) => new TextEncoder().encode(words);
const arrays = [['x', { type: 'float32', dims: [2], data: Float32Array.of(1, 2) }]] as const;

describe('readArrays', () => {
  it('recognises an .npz by its bytes, whatever its name', async () => {
    for (const name of ['d.npz', 'download', 'd.onnx'])
      expect(await readArrays(writeNpz(arrays), name)).toEqual(new Map(arrays));
  });

  it.each([
    [new Uint8Array(0), 'd.npz is empty: save the arrays with numpy.savez.'],
    [text('not a zip'), 'd.npz is not an .npz file (a zip of NumPy arrays): save the arrays with numpy.savez.'],
    [
      text('version https://git-lfs.github.com/spec/v1\n'),
      'd.npz is a Git LFS pointer, which stands for the file, not an .npz file (a zip of NumPy arrays): run "git lfs pull"',
    ],
    [
      zipSync({ 'archive/data.pkl': text('..') }),
      'd.npz is a PyTorch file, not an .npz file (a zip of NumPy arrays): save the arrays with numpy.savez.',
    ],
    [zipSync({ 'notes.txt': text('hi') }), 'd.npz holds "notes.txt", which is not an array'],
    [zipSync({}), 'd.npz holds no arrays'],
  ])('says what is wrong with a file that holds no data, %#', async (bytes, message) => {
    const reading = readArrays(bytes, 'd.npz');
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });

  it('asks for data where the name of a file says nothing', async () => {
    await expect(readArrays(text('hello'), 'notes')).rejects.toThrow(
      'notes is not an .npz file (a zip of NumPy arrays)',
    );
  });
});
