import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { expectFitsEverywhere } from './layout';
import { chain, npz, numbers } from './models';
import { Studio } from './studio';

const DATA = npz({ x: { dims: [64, 64], data: numbers(64 * 64, 5) } });

async function showSensitivity(page: Page): Promise<void> {
  await page.getByRole('radiogroup', { name: 'Shown in the middle' }).getByText('Sensitivity').click();
}

/** Opens a chain with data and measures quantisation and truncated SVD at two levels. */
async function measured(page: Page): Promise<Studio> {
  const studio = new Studio(page);
  await studio.load();
  // Without a recipe of its own: layers that are ticked at first give way to what is chosen.
  await studio.drop({ name: 'chain.onnx', bytes: chain() }, { name: 'data.npz', bytes: DATA });
  await expect(studio.rows.first()).toBeVisible();
  await studio.measured();
  await showSensitivity(page);
  await page.getByRole('button', { name: 'Measure sensitivity…' }).click();
  const form = page.getByRole('dialog', { name: 'Measure sensitivity' });
  for (const box of await form.getByRole('group', { name: 'Methods' }).getByRole('checkbox').all()) await box.uncheck();
  await expect(form.getByRole('button', { name: 'Measure', exact: true })).toBeDisabled();
  for (const method of ['Truncated SVD', 'Quantisation'])
    await form.getByRole('checkbox', { name: method, exact: true }).check();
  for (const level of ['75 %', '12.5 %', '6.25 %'])
    await form.getByRole('checkbox', { name: level, exact: true }).uncheck();
  await form.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Measure more…' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Go on measuring' })).toHaveCount(0);
  return studio;
}

const ticked = (page: Page) =>
  page.getByRole('grid', { name: 'Compressible layers' }).getByRole('checkbox', { checked: true });

test('measured cells are chosen by keyboard, become the recipe, and are there again after a reload', async ({
  page,
}) => {
  const studio = await measured(page);
  const map = page.getByRole('application', { name: 'Damage by layer and level' });
  await map.focus();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Enter');
  // The recipe is what was chosen: the layers that were ticked at first are not.
  await expect(ticked(page)).toHaveCount(1);
  await expect(map.getByRole('status')).toContainText('Chosen.');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(ticked(page)).toHaveCount(2);
  await page.keyboard.press('Control+z');
  await expect(ticked(page)).toHaveCount(1);
  await page.keyboard.press('Enter');

  await page.getByRole('slider', { name: /Choose all cells with damage below/ }).press('End');
  await expect(ticked(page)).toHaveCount(3);
  await page.getByRole('radiogroup', { name: 'Shown as' }).getByText('Table').click();
  const table = page.getByRole('grid', { name: 'Damage by layer and level' });
  await expect(table.getByRole('row')).toHaveCount(4);
  await expect(table.getByRole('gridcell', { selected: true })).toHaveCount(3);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

  await studio.compress();
  await studio.kept();
  await page.reload();
  await studio.loaded();
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await showSensitivity(page);
  await expect(page.getByRole('button', { name: 'Measure more…' })).toBeVisible();
  await expect(page.getByRole('radiogroup', { name: 'Layers show' })).toBeVisible();
});

test('a click chooses a cell and a second one gives it up; drawing over rows chooses one in each', async ({ page }) => {
  await measured(page);
  const cells = page.locator('.heat-over');
  const box = (await cells.boundingBox())!;
  const at = (row: number, column: number) => ({ x: (column + 0.5) * (box.width / 2), y: (row + 0.5) * 24 });
  await cells.click({ position: at(0, 0) });
  await expect(ticked(page)).toHaveCount(1);
  await cells.click({ position: at(0, 0) });
  await expect(ticked(page)).toHaveCount(0);
  const [from, to] = [at(0, 0), at(2, 0)];
  await page.mouse.move(box.x + from.x, box.y + from.y);
  await page.mouse.down();
  await page.mouse.move(box.x + to.x, box.y + to.y);
  await page.mouse.up();
  await expect(ticked(page)).toHaveCount(3);
  await page.keyboard.press('Control+z');
  await expect(ticked(page)).toHaveCount(0);
});

test('the list shows damage and sorts by it, and the map is exported', async ({ page }) => {
  const studio = await measured(page);
  await expect(
    page.getByRole('grid', { name: 'Compressible layers' }).getByRole('img', { name: /^Damage by level/ }),
  ).toHaveCount(3);
  await page.getByRole('combobox', { name: 'Sort layers by' }).click();
  await page.getByRole('option', { name: 'Damage' }).click();
  await expect(studio.rows).toHaveCount(3);
  for (const [entry, name] of [
    ['All cells (.csv)', 'chain.sensitivity.csv'],
    ['This map (.svg)', 'chain.sensitivity.svg'],
    ['This map (.png)', 'chain.sensitivity.png'],
  ] as const) {
    await page.getByRole('button', { name: 'Export map' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: entry }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(name);
  }
});

test('the map fits everywhere', async ({ page }) => {
  await measured(page);
  await expectFitsEverywhere(page, 'sensitivity');
});
