import { expect, test } from '@playwright/test';
import { chain } from './models';
import { Studio } from './studio';

test('a window made narrower and wide again keeps what was made and opened', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await compare.getByText(/rewritten/).click();
  const layers = compare.getByRole('region', { name: 'Rewritten layers' });
  await expect(layers).toBeVisible();
  await compare.getByRole('button', { name: 'Write and verify .onnx' }).click();
  const download = compare.getByRole('button', { name: /^Download \.onnx/ });
  await expect(download).toBeVisible();

  await page.setViewportSize({ width: 1024, height: 768 });
  await expect(page.getByRole('radiogroup', { name: 'Shown beside the layers' })).toBeVisible();
  await expect(download).toBeVisible();
  await expect(layers).toBeVisible();
  await page.getByRole('radiogroup', { name: 'Shown beside the layers' }).getByText('Workbench').click();
  await expect(download).toBeHidden();
  await expect(studio.budget).toBeVisible();
  await page.setViewportSize({ width: 1440, height: 900 });
  await expect(download).toBeVisible();
  await expect(layers).toBeVisible();
});

test('a second run comes into view, and is announced', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 500 });
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await compare.evaluate((panel) => panel.scrollTo({ top: panel.scrollHeight }));
  expect(await compare.evaluate((panel) => panel.scrollTop)).toBeGreaterThan(0);
  await studio.compress();
  await expect.poll(() => compare.evaluate((panel) => panel.scrollTop)).toBe(0);
  await expect(page.getByRole('contentinfo').getByRole('status')).toContainText('Run 2');
});

test('the quiz moves the focus to its verdict, and shows the turned square where it asked', async ({ page }) => {
  await page.goto('./#/lessons/rank');
  const turn = page.getByRole('button', { name: 'Turn it' });
  await page.getByRole('radio', { name: /More than five/ }).check();
  await turn.focus();
  await page.keyboard.press('Enter');
  await expect(page.locator(':focus')).toContainText('Turned by 45°');
  await expect(page.getByRole('img', { name: 'A light square, turned by 45°' })).toBeVisible();
});
