import { expect, type Page, test } from '@playwright/test';
import { expectFitsEverywhere } from './layout';
import { chain, npz, numbers } from './models';
import { holdEngine, Studio } from './studio';

// Each state at six widths, light and dark: every panel contains its content, and only panels scroll.

/** Names as exporters write them, too long for any panel, and sizes of many digits. */
const long = chain({ width: 128, layers: 12, prefix: '/model/decoder/transformer/layers' });
const samples = npz({ x: { dims: [300, 128], data: numbers(300 * 128, 5) } });

test('nothing is open, then an error notice', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await expectFitsEverywhere(page, 'empty');
  await studio.drop({ name: `${'quite-a-long-name-of-a-file-'.repeat(5)}.onnx`, bytes: new Uint8Array(0) });
  await expect(studio.notices.getByRole('alert')).toBeVisible();
  await expectFitsEverywhere(page, 'an error notice');
});

test('the start page with kept models, one of which is to be removed', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('chain.onnx', chain());
  await studio.compress();
  await studio.kept();
  await studio.open('a-name-that-an-exporter-made-up-with-date-2026-11-30-and-more.onnx', chain({ layers: 2 }));
  await studio.compress();
  await studio.kept();
  await page.getByRole('link', { name: 'Carrara, the start page' }).click();
  const projects = page.getByRole('region', { name: 'Kept in this browser' });
  await expect(projects.getByRole('listitem')).toHaveCount(2);
  await expectFitsEverywhere(page, 'start page');
  await projects.getByRole('button', { name: 'Remove chain.onnx' }).click();
  await expectFitsEverywhere(page, 'removing a model');
});

test('the lesson', async ({ page }) => {
  await page.goto('./#/lessons/rank');
  await expect(page.getByRole('slider').first()).toBeVisible();
  await expectFitsEverywhere(page, 'lesson');
});

test('the page of the GPU', async ({ page }) => {
  await page.goto('./#/gpu');
  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await expectFitsEverywhere(page, 'measuring the GPU');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expectFitsEverywhere(page, 'the GPU');
});

/** The page with a model of long names open, on the CPU. */
async function longOpen(page: Page): Promise<Studio> {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('a-name-that-an-exporter-made-up-with-date-2026-11-30-and-more.onnx', long);
  await studio.measured();
  return studio;
}

test('a model open, then its data', async ({ page }) => {
  const studio = await longOpen(page);
  await expectFitsEverywhere(page, 'model open');
  await studio.drop({ name: 'test-data-with-quite-a-long-name-2026-11-30.npz', bytes: samples });
  await studio.idle();
  await expectFitsEverywhere(page, 'data open');
});

test('a run compared, its layers listed', async ({ page }) => {
  const studio = await longOpen(page);
  await studio.drop({ name: 'test-data-with-quite-a-long-name-2026-11-30.npz', bytes: samples });
  await studio.idle();
  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await compare.getByText(/^\d+ rewritten/).click();
  await expectFitsEverywhere(page, 'compared');
});

test('many runs, one of them exported', async ({ page }) => {
  const studio = await longOpen(page);
  for (const size of ['50', '40', '30', '20', '10']) {
    await page.getByRole('textbox', { name: /as a number$/ }).fill(size);
    await studio.compress();
  }
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await compare.getByRole('button', { name: 'Write and verify .onnx' }).click();
  await expect(compare.getByRole('button', { name: /^Download \.onnx/ })).toBeVisible();
  await expectFitsEverywhere(page, 'many runs');
});

test('while compressing', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  const goOn = await holdEngine(page);
  await studio.compressButton.click();
  await expect(page.getByRole('contentinfo').getByRole('progressbar')).toBeVisible();
  await expectFitsEverywhere(page, 'compressing', false);
  await expect(studio.cancelButton).toBeVisible();
  await studio.cancelButton.click();
  goOn();
  await studio.idle();
});

test('the estimate for the whole model stays in view, whatever is scrolled', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('long.onnx', long);
  await studio.measured();
  const estimate = page.getByRole('region', { name: 'Estimate for the whole model' });
  for (const width of [390, 1024, 1440]) {
    await page.setViewportSize({ width, height: 700 });
    const tabs = page.getByRole('radiogroup', { name: /^(Panel shown|Shown beside)/ });
    if (width < 1200) await tabs.getByText('Workbench').click();
    await page.getByRole('region', { name: 'Workbench' }).evaluate((part) => part.scrollTo({ top: 1e6 }));
    await expect(estimate).toBeInViewport({ ratio: 1 });
  }
  const before = await estimate.textContent();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('20');
  await expect(estimate).not.toHaveText(before!);
});
