import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { expectFitsEverywhere } from './layout';

test('this GPU is measured on request, and measuring can be cancelled', async ({ page }) => {
  await page.goto('./');
  await page
    .getByRole('banner')
    .getByRole('button', { name: /^(WebGPU|CPU)/ })
    .click();
  await page.getByRole('menuitem', { name: 'Measure this GPU' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This GPU');

  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Measure', exact: true })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);

  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Measure again' })).toBeVisible({ timeout: 300_000 });
  await expect(page.getByRole('row', { name: /^Multiply and add .* GFLOP\/s$/ })).toBeVisible();
  expect(await page.getByRole('row', { name: /^dense product .* %$/ }).count()).toBeGreaterThan(2);
  await expect(
    page.getByRole('img', { name: /^Speed of sparse products against dense ones\. 1 token: / }),
  ).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await expectFitsEverywhere(page, 'the GPU measured');
});
