import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { readNpz } from '../src/engine/formats/npz/npz';
import { chain, numbers } from './models';
import { outputs, relativeDifference } from './outputs';
import { holdEngine, Studio } from './studio';

test('the bundled sample: open, choose, compress, compare, export', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  expect(await studio.rows.count()).toBeGreaterThanOrEqual(4);
  await studio.measured();

  // The figures follow the slider at once, from the spectrum.
  const figures = studio.workbench.getByRole('definition');
  const before = await figures.allTextContents();
  await studio.budget.focus();
  for (let press = 0; press < 10; press++) await page.keyboard.press('ArrowLeft');
  await expect.poll(() => figures.allTextContents()).not.toEqual(before);

  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare).toContainText(/top-1/i);

  const { name, bytes } = await studio.exported(/^Model of run/);
  expect(name).toMatch(/\.onnx$/);
  await expect(studio.notices).toContainText('Read back');
  const [sample] = JSON.parse(await readFile('public/samples/samples.json', 'utf8'));
  const original = await readFile(`public/samples/${sample.model}`);
  expect(bytes.length).toBeLessThan(0.8 * original.length);

  // onnxruntime in Node, which shares nothing with the page, counts the right answers of the exported file.
  const data = readNpz(await readFile(`public/samples/${sample.data}`), 'test.npz');
  const [image, labels] = [data.get('image')!, data.get('labels')!];
  const values = Float32Array.from(image.data as Uint8Array);
  const logits = await outputs(bytes, { name: 'image', dims: image.dims, values });
  const classes = logits.length / image.dims[0];
  const right = [...(labels.data as BigInt64Array)].filter((label, row) => {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    return scores.indexOf(Math.max(...scores)) === Number(label);
  }).length;
  const top1 = right / image.dims[0];
  // Two of 2,000 samples may change between builds of onnxruntime; the page rounds to a tenth of a percent.
  const shown = await compare
    .getByRole('row', { name: /^top-1/i })
    .first()
    .getByRole('cell')
    .allTextContents();
  const shares =
    shown
      .join(' ')
      .match(/\d+(\.\d+)?(?= ?%)/g)
      ?.map(Number) ?? [];
  expect(shares.some((share) => Math.abs(share / 100 - top1) < 0.002)).toBe(true);
});

test('a model whose rank is known loses nothing at that rank', async ({ page }) => {
  const model = chain({ width: 64, layers: 3, rank: 8 });
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', model);
  await studio.measured();
  await page.getByRole('radiogroup', { name: 'Budget by' }).getByText('Rank').click();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('8');
  await studio.compress();

  const { bytes } = await studio.exported(/^Model of run/);
  expect(bytes.length).toBeLessThan(0.5 * model.length);
  const input = { name: 'x', dims: [5, 64], values: numbers(5 * 64, 99) };
  const difference = relativeDifference(await outputs(bytes, input), await outputs(model, input));
  // Three layers of float32 factors, each right to about √64·2⁻²⁴ ≈ 5e−7.
  expect(difference).toBeLessThan(1e-5);
  expect(difference).toBeGreaterThan(0);
});

test('recipe and model come back in', async ({ page }) => {
  const model = chain();
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', model);
  await studio.measured();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('40');
  await studio.compress();
  const recipe = await studio.exported(/^Recipe/);
  const first = await studio.exported(/^Model of run/);
  expect(JSON.parse(new TextDecoder().decode(recipe.bytes))).toMatchObject({ version: 1, steps: [{ method: 'svd' }] });

  await studio.load();
  // The tab opens again what it had open.
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await studio.idle();
  await studio.open('again.onnx', model);
  await studio.drop(recipe);
  await expect(page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^40/);
  await studio.compress();
  const second = await studio.exported(/^Model of run/);
  // The same recipe, model, build and backend: the same bytes.
  expect(Buffer.compare(second.bytes, first.bytes)).toBe(0);

  await studio.drop({ name: 'compressed.onnx', bytes: first.bytes });
  await expect(studio.modelChip('compressed.onnx')).toBeVisible();
  expect(await studio.rows.count()).toBeGreaterThan(0);
});

test('cancelling leaves the session as it was', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain({ layers: 6 }));
  await page.getByRole('textbox', { name: /as a number$/ }).fill('30');
  await studio.measured();
  const goOn = await holdEngine(page);
  await studio.compressButton.click();
  const progress = page.getByRole('contentinfo').getByRole('progressbar');
  await expect(progress).toBeVisible();
  await expect(studio.exportButton).toBeDisabled();
  await studio.cancelButton.click();
  goOn();
  await studio.idle();
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await expect(studio.rows).toHaveCount(6);
  await expect(page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^30/);
  await expect(studio.notices.getByRole('alert')).toHaveCount(0);
  await studio.exportButton.click();
  await expect(page.getByRole('menuitem', { name: /compress first/ })).toBeDisabled();
});
