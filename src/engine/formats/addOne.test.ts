import { expect, it, vi } from 'vitest';

// What adding a format is: its file, and one line in the list.
vi.mock('./list', async (original) => ({
  FORMATS: [...(await original<typeof import('./list')>()).FORMATS, (await import('./csv.fixtures')).csv],
}));

const { readArrays } = await import('./readArrays');
const { dataFileNoun, listedDataExtensions } = await import('./formats');
const { classifyFiles, DATA_FILES } = await import('../../studio/files');
const { readModel } = await import('../model/model');
const { memorySource } = await import('../core/bytes');

const table = new TextEncoder().encode('1,2\n3,4\n5,6\n');

it('a new format is read by page and command line, as arrays with samples first', async () => {
  const { type, dims, data } = (await readArrays(table, 'd.csv')).get('x')!;
  expect([type, dims, [...(data as Float32Array)]]).toEqual(['float32', [3, 2], [1, 2, 3, 4, 5, 6]]);
});

it('it is named in messages and help texts', async () => {
  expect(listedDataExtensions()).toBe('.npz, .csv');
  expect(dataFileNoun()).toBe('an .npz or a .csv');
  await expect(readArrays(new TextEncoder().encode('hello'), 'notes')).rejects.toThrow(
    'notes is not an .npz file (a zip of NumPy arrays) or a .csv file (numbers between commas)',
  );
  await expect(readModel(memorySource(table, 'model.onnx'))).rejects.toThrow(
    'model.onnx is a table with data, not an ONNX model: open a model, and this file beside it.',
  );
});

it('the page offers it in its file picker, and takes it by its bytes and by its name', async () => {
  expect(DATA_FILES).toBe('.npz,.csv');
  const files = ['d.csv', 'download'].map((name) => ({ file: new File([table], name), folder: '' }));
  files.push({ file: new File(['a,b\n'], 'words.csv'), folder: '' });
  const { data, models, others, recipes } = await classifyFiles(files);
  expect(data.map(({ name }) => name)).toEqual(['d.csv', 'download', 'words.csv']);
  expect([models, others, recipes]).toEqual([[], [], []]);
});
