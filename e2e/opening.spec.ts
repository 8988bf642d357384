import { expect, type Page, test } from '@playwright/test';
import { chain, text } from './models';
import { Studio } from './studio';

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

test('runs are not lost without a question', async ({ page }) => {
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

  // What is no model is refused before anybody is asked to let the runs go.
  await studio.drop({ name: 'shopping.txt', bytes: text('two eggs, one loaf of bread') });
  await expect(studio.notices.getByRole('alert')).toContainText('shopping.txt');
  await expect(studio.question).toHaveCount(0);
  await expect(studio.modelChip('second.onnx')).toBeVisible();
  await expect(runs).toHaveCount(1);
  const { bytes } = await studio.exported(/^Model of run/);
  expect(bytes.length).toBeGreaterThan(0);
  // With that the user has gone on: the error leaves.
  await expect(studio.notices.getByRole('alert')).toHaveCount(0);

  await studio.drop({ name: 'third.onnx', bytes: chain({ layers: 4 }) });
  await studio.question.getByRole('button', { name: 'Open third.onnx' }).click();
  await expect(studio.rows).toHaveCount(4);
  await expect(runs).toHaveCount(0);
});
