import { expect, type Locator, test } from '@playwright/test';
import { chain } from './models';
import { holdEngine, Studio } from './studio';

const selected = (rows: Locator): Promise<boolean[]> =>
  rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-selected') === 'true'));

test('layers are chosen by keyboard, one or many', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain({ layers: 4 }));
  const { rows } = studio;
  await rows.first().focus();
  await page.keyboard.press('Home');
  expect(await selected(rows)).toEqual([true, false, false, false]);
  await page.keyboard.press('Shift+ArrowDown');
  expect(await selected(rows)).toEqual([true, true, false, false]);
  await page.keyboard.press('ArrowDown');
  expect(await selected(rows)).toEqual([false, false, true, false]);
  await page.keyboard.press('Control+ArrowDown');
  await page.keyboard.press('Space');
  expect(await selected(rows)).toEqual([false, false, true, true]);
  await page.keyboard.press('Control+a');
  expect(await selected(rows)).toEqual([true, true, true, true]);

  // Enter removes the highlighted layers from the recipe. The button counts the rest.
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Compress 3 layers' })).toBeVisible();
});

test('Ctrl+O opens the file picker', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Control+o')]);
  await chooser.setFiles({ name: 'picked.onnx', mimeType: '', buffer: Buffer.from(chain()) });
  await expect(studio.modelChip('picked.onnx')).toBeVisible();
});

test('Escape stops what runs', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  // While spectra are measured, Cancel is there for them.
  await studio.measured();
  const goOn = await holdEngine(page);
  await studio.compressButton.click();
  await expect(studio.cancelButton).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('contentinfo')).toContainText('Stopping…');
  goOn();
  await studio.idle();
  await studio.exportButton.click();
  await expect(page.getByRole('menuitem', { name: /compress first/ })).toBeDisabled();
});

test('the whole job without a mouse', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  const reach = async (target: Locator) => {
    // Far more than the page has: the test fails for a target that Tab never reaches.
    for (let stop = 0; stop < 100; stop++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error('Tab never reaches the target.');
  };
  await page.locator('body').focus();
  await reach(studio.budget);
  await page.keyboard.press('Home');
  await reach(studio.compressButton);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('listitem')).toHaveCount(1);
  await studio.idle();
  await reach(studio.exportButton);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: /^Model of run/ })).toBeEnabled();
});
