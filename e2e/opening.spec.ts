import { expect, type Page, test } from '@playwright/test';
import { bare, chain, text } from './models';
import { denyStorage, Studio } from './studio';

/** The engine's script comes late, so that the user is there first. */
const delayEngine = (page: Page) =>
  page.route(/assets\/main-.*\.js/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });

test('a model dropped while the engine starts opens when it has started', async ({ page }) => {
  const studio = new Studio(page);
  await delayEngine(page);
  await page.goto('./');
  await studio.open('early.onnx', chain());
  await expect(studio.notices.getByRole('button', { name: /^Dismiss/ })).toHaveCount(0);
});

test('a sample clicked while the engine starts opens too', async ({ page }) => {
  const studio = new Studio(page);
  await delayEngine(page);
  await page.goto('./');
  await studio.openSample();
  await expect(studio.notices.getByRole('button', { name: /^Dismiss/ })).toHaveCount(0);
});

test('where nothing is kept, runs are not lost without a question', async ({ page }) => {
  await denyStorage(page);
  const studio = new Studio(page);
  await studio.load();
  await studio.open('first.onnx', chain());
  await studio.measured();
  // Without runs nothing is asked.
  await studio.open('second.onnx', chain({ layers: 2 }));
  await studio.compress();
  const runs = page.getByRole('region', { name: 'Runs' }).getByRole('listitem');

  await studio.drop({ name: 'third.onnx', bytes: chain({ layers: 4 }) });
  await expect(studio.question).toContainText('second.onnx has one run');
  await page.keyboard.press('Escape');
  await expect(studio.question).toHaveCount(0);
  await expect(studio.modelChip('second.onnx')).toBeVisible();
  await expect(runs).toHaveCount(1);

  await studio.drop({ name: 'third.onnx', bytes: chain({ layers: 4 }) });
  await studio.question.getByRole('button', { name: 'Keep second.onnx' }).last().click();
  await expect(runs).toHaveCount(1);

  // A file that is no model is refused before anybody is asked to give up the runs.
  await studio.drop({ name: 'shopping.txt', bytes: text('two eggs, one loaf of bread') });
  await expect(studio.notices.getByRole('alert')).toContainText('shopping.txt');
  await expect(studio.question).toHaveCount(0);
  await expect(studio.modelChip('second.onnx')).toBeVisible();
  await expect(runs).toHaveCount(1);
  const { bytes } = await studio.exported(/^Model of run/);
  expect(bytes.length).toBeGreaterThan(0);
  // That was a success, so the error notice is cleared.
  await expect(studio.notices.getByRole('alert')).toHaveCount(0);

  await studio.drop({ name: 'third.onnx', bytes: chain({ layers: 4 }) });
  await studio.question.getByRole('button', { name: 'Open third.onnx' }).click();
  await expect(studio.rows).toHaveCount(4);
  await expect(runs).toHaveCount(0);
});

test('from an open model to a sample, which begins at the top with run 1', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 500 });
  const studio = new Studio(page);
  await studio.load();
  await studio.open('first.onnx', chain());
  await studio.measured();
  await studio.compress();
  const middle = page.getByRole('region', { name: 'Workbench' });
  await middle.evaluate((part) => part.scrollTo({ top: part.scrollHeight }));
  expect(await middle.evaluate((part) => part.scrollTop)).toBeGreaterThan(0);

  await studio.chooseSample('first.onnx', 'Fashion-MNIST');
  await expect(studio.modelChip('fashion-mnist.onnx')).toBeVisible();
  await expect.poll(() => middle.evaluate((part) => part.scrollTop)).toBe(0);

  // Its data is read after it.
  await studio.idle();
  await studio.open('second.onnx', chain({ layers: 2 }));
  await studio.measured();
  await studio.compress();
  await expect(page.getByRole('contentinfo').getByRole('status')).toContainText('Run 1:');
});

test('opening a compressed model shows one notice that lists its formats', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('whole.onnx', chain());
  await studio.drop({
    name: 'r.json',
    bytes: text({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 4 } }] }),
  });
  await studio.measured();
  await studio.compress();
  const { bytes } = await studio.exported(/^Model of run/);
  await studio.drop({ name: 'packed.onnx', bytes });
  await expect(studio.modelChip('packed.onnx')).toBeVisible();
  await expect(page.getByText('compressed already: 3 layers are stored as 4-bit')).toHaveCount(1);
  await expect(page.getByText(/No layer of this model|has no layer that can|Tick the layers/)).toHaveCount(0);
  await expect(page.getByText('already compressed: 4-bit').first()).toBeVisible();
});

test('the lesson opens a sample where the open model has no dense layer', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.drop({ name: 'bare.onnx', bytes: bare() });
  await expect(studio.modelChip('bare.onnx')).toBeVisible();
  await page.getByRole('link', { name: 'Lesson' }).click();
  await expect(page.getByText('bare.onnx has no dense layer')).toBeVisible();
  await page.getByRole('button', { name: 'Open the sample: Fashion-MNIST classifier' }).click();
  await expect(studio.modelChip('fashion-mnist.onnx')).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Layer' })).toBeVisible();
});
