import { expect, test } from '@playwright/test';
import { Studio } from './studio';

test('the original is measured at once, and differences come with their confidence', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  // Nothing is compressed yet.
  const top1 = compare.getByRole('row', { name: /^top-1 accuracy/ });
  await expect(top1).toContainText(/9\d\.\d %\s*9\d\.\d–9\d\.\d/);
  await expect(compare.getByRole('row', { name: /^top-5 accuracy/ })).toContainText(/99\.\d %/);
  await expect(compare).toContainText(/The original on [\d,]+ samples of test\.npz, labelled/);

  await studio.compress();
  await expect(top1).toContainText(/± \d+\.\d+ pt/);
  await expect(compare).toContainText(/Top-1 accuracy: .* points, paired by sample, with 95 % confidence\./);
  await expect(compare.getByRole('row', { name: /^latency/ })).toBeVisible();
  await compare.getByText('Accuracy by class').click();
  await expect(compare.getByRole('table', { name: 'Accuracy by class' }).getByRole('row')).toHaveCount(11);
});

test('how runs are compared is the choice of the user, and is kept', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare.getByRole('row', { name: /^top-1 accuracy/ })).toContainText('%');
  const options = compare.getByRole('button', { name: 'Options' });
  await options.click();
  const dialog = compare.getByRole('dialog', { name: 'Options' });
  await dialog.getByRole('textbox', { name: 'Samples', exact: true }).fill('100');
  await dialog.getByRole('textbox', { name: 'Samples per run' }).fill('10');
  await dialog.getByRole('textbox', { name: 'Timed runs' }).fill('0');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await studio.compress();
  await expect(compare).toContainText(/Measured with 100 of [\d,]+ samples/);
  await expect(compare.getByRole('row', { name: /^agreement/ })).toContainText('%');
  await expect(compare.getByRole('row', { name: /^latency/ })).toHaveCount(0);

  // Taken for an embedding, an output is not read as choices any more.
  await options.click();
  await dialog.getByRole('combobox', { name: 'Output logits' }).click();
  await dialog.getByRole('option', { name: 'an embedding' }).click();
  await dialog.getByRole('textbox', { name: 'Timed runs' }).fill('7');
  await page.keyboard.press('Escape');
  await compare.getByRole('button', { name: 'Compare again' }).click();
  await expect(compare.getByRole('row', { name: /^rank agreement/ })).toBeVisible();
  await expect(compare.getByRole('row', { name: /^agreement/ })).toHaveCount(0);
  await expect(compare.getByRole('row', { name: /^latency, batch 10/ })).toBeVisible();
  await expect(compare.getByRole('heading', { name: 'Latency, 7 + 7 runs' })).toBeVisible();

  await studio.kept();
  await page.reload();
  await studio.loaded();
  await options.click();
  await expect(dialog.getByRole('textbox', { name: 'Samples per run' })).toHaveValue('10');
});
