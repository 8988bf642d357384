import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { zipSync } from 'fflate';
import { chain, external, lowRank, npz, numbers, type TestFile, text } from './models';
import { holdEngine, Studio } from './studio';

const samples = (width = 64): Uint8Array => npz({ x: { dims: [20, width], data: numbers(20 * width, 5) } });
const recipe = text({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 4 } }] });
const data = (name = 'test.npz'): TestFile => ({ name, bytes: samples() });
const model = (name = 'chain.onnx'): TestFile => ({ name, bytes: chain() });
const weights = new Uint8Array(lowRank(64, 64, 8, 1).buffer);

/** Drops files and folders of this machine as the desktop does: a script in the page cannot create a folder. */
async function dropPaths(page: Page, ...paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 300, y: 300, data });
}

test.describe('a folder', () => {
  let folder: string;
  const put = (path: string, bytes: Uint8Array | string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  test.beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'carrara-drop-'));
  });
  test.afterEach(() => rmSync(folder, { recursive: true }));

  test('with a model, its data in a folder below, samples and a recipe', async ({ page }) => {
    put('net/model.onnx', external());
    put('net/parts/weights.bin', weights);
    put('net/samples.npz', samples());
    put('net/small.json', recipe);
    put('net/config.json', '{"architectures": []}');
    put('net/README.md', '# A model');
    put('net/.cache/old.onnx', 'no model');
    const studio = new Studio(page);
    await studio.load();
    await dropPaths(page, join(folder, 'net'));
    await expect(studio.modelChip('model.onnx')).toBeVisible();
    await expect(studio.rows).toHaveCount(1);
    await expect(page.getByRole('banner').getByRole('button', { name: /samples\.npz/ })).toBeVisible();
    await expect(studio.notices).toContainText('small.json was taken over');
    await expect(studio.notices.getByRole('alert')).toHaveCount(0);
  });

  test('with several models asks which, and takes the data of that one', async ({ page }) => {
    put('net/onnx/model.onnx', external());
    put('net/onnx/weights.bin', weights);
    put('net/other/weights.bin', 'of another model');
    put('net/other/model_int8.onnx', chain());
    const studio = new Studio(page);
    await studio.load();
    await dropPaths(page, join(folder, 'net'));
    const question = page.getByRole('dialog', { name: 'Which of the 2 models?' });
    await expect(question.getByRole('listitem')).toHaveCount(2);
    await page.keyboard.press('Escape');
    await expect(question).toHaveCount(0);
    await expect(studio.notices.getByRole('alert')).toHaveCount(0);
    await dropPaths(page, join(folder, 'net'));
    await question.getByRole('button', { name: 'net/onnx/model.onnx' }).click();
    await expect(studio.modelChip('model.onnx')).toBeVisible();
    await expect(studio.rows).toHaveCount(1);
  });

  test('without a model says what its largest file is, or that it holds none', async ({ page }) => {
    put('checkpoint/config.json', '{}');
    put('checkpoint/model.safetensors', safetensors());
    put('checkpoint/vocabulary.txt', 'a b c');
    mkdirSync(join(folder, 'empty'));
    const studio = new Studio(page);
    await studio.load();
    await dropPaths(page, join(folder, 'checkpoint'));
    await expect(studio.notices.getByRole('alert')).toContainText('model.safetensors is a safetensors file');
    await studio.notices.getByRole('button', { name: /^Dismiss/ }).click();
    await dropPaths(page, join(folder, 'empty'));
    await expect(studio.notices.getByRole('alert')).toContainText('holds no files: drop an .onnx file');
  });
});

function safetensors(): Uint8Array {
  const header = text({ w: { dtype: 'F32', shape: [100], data_offsets: [0, 400] } });
  const bytes = new Uint8Array(8 + header.length + 400);
  bytes[0] = header.length;
  bytes.set(header, 8);
  return bytes;
}

test('files of other formats are named by their bytes, with what to do', async ({ page }) => {
  const pickle = zipSync({ 'net/data.pkl': text('x'), 'net/data/0': new Uint8Array(64) });
  const files: readonly (TestFile & { says: RegExp })[] = [
    { name: 'net.pt', bytes: pickle, says: /net\.pt is a PyTorch file.*torch\.onnx\.export/ },
    // The bytes count, not the name.
    { name: 'net.bin', bytes: pickle, says: /net\.bin is a PyTorch file/ },
    { name: 'net.zip', bytes: zipSync({ 'notes.txt': text('x') }), says: /net\.zip is a zip archive.*unpack/ },
    { name: 'net.safetensors', bytes: safetensors(), says: /net\.safetensors is a safetensors file.*export/ },
    { name: 'net.gguf', bytes: text('GGUF\u0003\0\0\0'), says: /net\.gguf is a GGUF file.*export/ },
    {
      name: 'net.tflite',
      bytes: text('\u001c\0\0\0TFL3\0\0\0\0'),
      says: /net\.tflite is a TensorFlow Lite model.*tf2onnx/,
    },
    {
      name: 'net.onnx',
      bytes: text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
      says: /net\.onnx is a Git LFS pointer.*git lfs pull/,
    },
  ];
  const studio = new Studio(page);
  await studio.load();
  for (const { says, ...file } of files) {
    await studio.drop(file);
    const alert = studio.notices.getByRole('alert');
    await expect(alert).toContainText(says);
    await alert.getByRole('button', { name: /^Dismiss/ }).click();
    await expect(alert).toHaveCount(0);
  }
});

test('data and a recipe that come before their model are kept, said, and used', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.drop(data());
  await expect(page.getByRole('main')).toContainText('test.npz is kept and opened with it');
  await studio.drop({ name: 'small.json', bytes: recipe });
  await expect(page.getByRole('main')).toContainText('test.npz and small.json are kept and opened with it');
  // A model that cannot be opened does not change that.
  await studio.drop({ name: 'bad.onnx', bytes: text('no model') });
  await expect(studio.notices.getByRole('alert')).toContainText('bad.onnx');
  await expect(page.getByRole('main')).toContainText('test.npz and small.json are kept');
  await studio.drop({ name: 'chain.onnx', bytes: chain() });
  await expect(studio.notices).toContainText('small.json was taken over');
  await expect(page.getByRole('banner').getByRole('button', { name: /test\.npz/ })).toBeVisible();
  await expect(studio.steps).toHaveText([/Quantisation/]);
});

test('a recipe that comes with its model replaces one that waited for it', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.drop({ name: 'older.json', bytes: recipe });
  const newer = text({ version: 1, steps: [{ layers: '*', method: 'half' }] });
  await studio.drop(model(), { name: 'newer.json', bytes: newer });
  await expect(studio.notices).toContainText('newer.json was taken over');
  await expect(studio.notices).not.toContainText('older.json');
  await expect(studio.steps).toHaveText([/Half precision/]);
});

for (const order of [
  [data(), { name: 'r.json', bytes: recipe }, model()],
  [model(), { name: 'r.json', bytes: recipe }, data()],
] as const) {
  test(`in one drop: ${order.map(({ name }) => name).join(', ')}`, async ({ page }) => {
    const studio = new Studio(page);
    await studio.load();
    await studio.drop(...order);
    await expect(studio.modelChip('chain.onnx')).toBeVisible();
    await expect(page.getByRole('banner').getByRole('button', { name: /test\.npz/ })).toBeVisible();
    await expect(studio.steps).toHaveText([/Quantisation/]);
  });
}

test('several models in one drop: one is chosen', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.drop(model('a.onnx'), { name: 'b.onnx', bytes: chain({ layers: 2 }) }, data());
  await page.getByRole('dialog').getByRole('button', { name: 'b.onnx' }).click();
  await expect(studio.modelChip('b.onnx')).toBeVisible();
  await expect(studio.rows).toHaveCount(2);
  await expect(page.getByRole('banner').getByRole('button', { name: /test\.npz/ })).toBeVisible();
});

test('a drop while a job runs, of text, of a link, and of nothing', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('first.onnx', chain({ layers: 6 }));
  await studio.measured();
  const goOn = await holdEngine(page);
  await studio.compressButton.click();
  await studio.drop(model('other.onnx'));
  await expect(studio.notices).toContainText('is still running: wait for it, or cancel it first');
  await studio.cancelButton.click();
  goOn();
  await studio.idle();
  await expect(studio.modelChip('first.onnx')).toBeVisible();

  const dropText = (types: Readonly<Record<string, string>>, selector = 'main') =>
    page.evaluate(
      ([given, at]) => {
        const transfer = new DataTransfer();
        for (const [type, content] of Object.entries(given)) transfer.setData(type, content);
        const event = new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true });
        document.querySelector(at)!.dispatchEvent(event);
        return event.defaultPrevented;
      },
      [types, selector] as const,
    );
  // Without our code, the browser would open the link and leave the page.
  expect(await dropText({ 'text/uri-list': 'https://example.org/model.onnx' })).toBe(true);
  await expect(studio.notices).toContainText('A link was dropped, not a file');
  expect(await dropText({ 'text/plain': 'model' })).toBe(true);
  await expect(studio.notices).toContainText('Text was dropped, not a file');
  expect(await dropText({ 'text/plain': 'block' }, 'input[aria-label^="Filter"]')).toBe(false);
  await expect(studio.modelChip('first.onnx')).toBeVisible();
  await expect(studio.rows).toHaveCount(6);
});
