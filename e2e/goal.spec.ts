import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { Studio } from './studio';

/** The sample open on the CPU with its data, and the line at the top of its workbench. */
async function sampleWithGoal(page: Page) {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  await studio.measured();
  const goal = page.getByRole('region', { name: 'Goal', exact: true });
  return { studio, goal, looked: goal.getByRole('region', { name: 'Recipe that is looked at' }) };
}

/** Allows quantisation alone, which is quick. */
async function quantiseOnly(page: Page): Promise<void> {
  const options = page.getByRole('button', { name: 'Options of the search' });
  await options.click();
  const methods = page.getByRole('group', { name: 'Methods that may be used' });
  for (const name of await methods.getByRole('checkbox').evaluateAll(labels))
    if (name !== 'Quantisation') await methods.getByRole('checkbox', { name, exact: true }).uncheck();
  // Without any method there would be nothing to search.
  await expect(methods.getByRole('checkbox', { name: 'Quantisation' })).toBeDisabled();
  await options.click();
}

const labels = (boxes: readonly (SVGElement | HTMLElement)[]) =>
  boxes.map((box) => (box as HTMLInputElement).labels?.[0]?.textContent ?? '');

/** Starts a search and waits until it has found so many recipes. */
async function searchUntil(page: Page, recipes: number): Promise<void> {
  const goal = page.getByRole('region', { name: 'Goal', exact: true });
  await goal.getByRole('button', { name: 'Search', exact: true }).click();
  await expect
    .poll(async () => Number(/(\d+) recipes? ·/.exec((await goal.textContent()) ?? '')?.[1] ?? 0))
    .toBeGreaterThanOrEqual(recipes);
}

/** Bytes of the file that the recipe that is looked at would give, as the search measured them. */
async function bytesOf(page: Page): Promise<number> {
  const size = page.getByRole('region', { name: 'Recipe that is looked at' }).getByTitle(/ bytes$/);
  return Number((await size.getAttribute('title'))!.replace(/\D/g, ''));
}

test('a goal gives recipes; one of them is taken while the search is stopped, and gives the bytes that it promised', async ({
  page,
}) => {
  const { studio, goal, looked } = await sampleWithGoal(page);
  await expect(goal).toContainText('The loss is measured against the labels of test.npz');
  await quantiseOnly(page);
  await goal.getByRole('textbox', { name: 'lose at most, in points' }).fill('3');
  await searchUntil(page, 2);
  await expect(goal.getByRole('button', { name: 'Stop', exact: true })).toBeVisible();
  await goal.getByRole('button', { name: 'Stop', exact: true }).click();
  await studio.idle();
  await expect(goal.getByRole('status')).toContainText('Stopped');

  await goal.getByText('All recipes as a table').click();
  const rows = goal.getByRole('table').getByRole('row');
  expect(await rows.count()).toBeGreaterThan(2);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

  // By keyboard: the first row is the smallest file.
  await rows.nth(1).getByRole('button').focus();
  await page.keyboard.press('Enter');
  await expect(looked.getByRole('heading')).toHaveText((await rows.nth(1).getByRole('button').textContent())!);
  const promised = await bytesOf(page);
  const before = await studio.steps.first().textContent();
  await looked.getByRole('button', { name: 'Use this recipe' }).click();
  await expect(studio.steps.first()).toContainText('Quantisation');
  await page.keyboard.press('Control+z');
  await expect(studio.steps.first()).toHaveText(before!);

  await looked.getByRole('button', { name: 'Compress and compare' }).click();
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('listitem')).toHaveCount(1);
  await studio.idle();
  const { bytes } = await studio.exported(/^Model of run/);
  expect(bytes.length).toBe(promised);
});

test('what a search found is there after a reload, and other data mark it', async ({ page }) => {
  const { studio, goal, looked } = await sampleWithGoal(page);
  await quantiseOnly(page);
  await searchUntil(page, 2);
  await goal.getByRole('button', { name: 'Stop', exact: true }).click();
  await studio.idle();
  await goal.getByText('All recipes as a table').click();
  const table = goal.getByRole('table');
  const found = await table.textContent();
  await studio.kept();
  await page.reload();
  await studio.loaded();
  await studio.idle();
  await goal.getByText('All recipes as a table').click();
  await expect(table).toHaveText(found!);
  await expect(goal).not.toContainText('Other data is open now');

  await goal.getByRole('button', { name: 'Options of the search' }).click();
  await goal.getByRole('button', { name: 'Use generated inputs' }).click();
  await expect(goal).toContainText('These recipes were measured on test.npz. Other data is open now');
  await expect(goal).toContainText('on generated inputs. Only real data shows how good the answers are');
  await goal.getByRole('button', { name: 'Remove' }).click();
  await expect(looked).toHaveCount(0);
});

test('a goal that cannot be reached says so, and offers the nearest', async ({ page }) => {
  const { studio, goal, looked } = await sampleWithGoal(page);
  await quantiseOnly(page);
  // A share of the bytes that no bits come to, and no loss: one per cent of the file is less than its graph and biases.
  await goal.getByRole('combobox', { name: 'What is best' }).click();
  await page.getByRole('option', { name: 'As accurate as possible' }).click();
  await goal.getByRole('textbox', { name: 'at most, in % of the bytes' }).fill('0.5');
  await goal.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(goal).toContainText('Out of reach: ');
  const nearest = goal.getByRole('button', { name: /^Show the nearest/ });
  await expect(nearest).toBeVisible();
  if (await goal.getByRole('button', { name: 'Stop', exact: true }).isVisible())
    await goal.getByRole('button', { name: 'Stop', exact: true }).click();
  await studio.idle();
  await nearest.click();
  await expect(looked).toContainText('does not meet the goal');
});
