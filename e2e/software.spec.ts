import { expect, test } from '@playwright/test';
import { getBrowser, launchOptions } from '../scripts/browser.mjs';
import { chain, npz, numbers } from './models';
import { Studio } from './studio';

test('on a software WebGPU fewer samples are compared, and both models see the same', async ({ page }) => {
  const { software } = await launchOptions(getBrowser());
  test.skip(!software, 'This browser has a real GPU.');
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.drop({ name: 'hundred.npz', bytes: npz({ x: { dims: [100, 64], data: numbers(6400, 5) } }) });
  await studio.measured();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await compare.getByText('WebGPU', { exact: true }).click();
  await expect(compare).toContainText('64 of 100 samples are compared');

  // At the full rank of the weights nothing is lost: outputs of other samples would not agree.
  await page.getByRole('radiogroup', { name: 'Budget by' }).getByText('Rank').click();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('8');
  await studio.compress();
  const table = compare.getByRole('table').first();
  await expect(table.getByRole('caption')).toHaveText(/^Measured with 64 of 100 samples of hundred\.npz on WebGPU\./);
  await expect(table.getByRole('row', { name: /^agreement/ })).toContainText('100.0 %');

  await compare.getByText('WASM', { exact: true }).click();
  await compare.getByRole('button', { name: 'Compare again' }).click();
  await expect(table.getByRole('caption')).toHaveText(/^Measured with 100 samples of hundred\.npz on WASM\./);
});
