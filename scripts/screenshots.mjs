// Takes the screenshots of the README into docs/screenshots: `node scripts/screenshots.mjs`.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compress, compressButton, layerRows, openPage, openSample, ready, withStudio } from '../bench/page.mjs';

const folder = join(dirname(import.meta.dirname), 'docs', 'screenshots');
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
];

/** Waits until the stack in view has been tried on its layer and the pictures are drawn. */
async function tried(page) {
  await page.getByText(/^measured in/).waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
}

async function take(studio, viewport, colorScheme) {
  const page = await openPage(studio, { viewport, colorScheme });
  const shot = async (name) => {
    const path = join(folder, `${name}-${viewport.width}-${colorScheme}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    console.log(path);
  };
  await shot('welcome');
  await openSample(page);
  await ready(page);
  await tried(page);
  await shot('open');
  await layerRows(page).filter({ hasText: 'fc1' }).click();
  await page.getByRole('button', { name: '+ step' }).click();
  await page.getByRole('menuitem', { name: /^Quantisation/ }).click();
  await tried(page);
  await shot('stack');
  await page.getByRole('button', { name: 'Compare methods at equal bytes' }).click();
  const methods = page.getByRole('region', { name: 'Methods at equal bytes' });
  await methods.getByRole('table').waitFor({ timeout: 120_000 });
  await methods.getByText('Output', { exact: true }).click();
  const middle = page.getByRole('region', { name: 'Workbench' });
  // Below the tabs, where there are some.
  const top = await methods.evaluate((card) => card.offsetTop);
  await middle.evaluate((column, to) => column.scrollTo(0, to), top - (viewport.width < 1200 ? 100 : 60));
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await shot('methods');
  await middle.evaluate((column) => column.scrollTo(0, 0));
  await compress(page);
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await shot('compared');
  await page.goto(`${studio.address}#/lessons/rank`);
  await page.getByRole('slider').first().waitFor();
  await shot('lesson');

  // Compressing starts before the spectra are measured, so that it takes long enough for a screenshot.
  await page.goto('about:blank');
  await page.goto(studio.address);
  await openSample(page, 'Moby');
  await compressButton(page).click();
  await page.waitForFunction(() => {
    const bar = document.querySelector('footer [role=progressbar]');
    return document.querySelector('header [data-loading]') && Number(bar?.ariaValueNow) > 25;
  });
  await shot('compressing');
  await page.close();
}

mkdirSync(folder, { recursive: true });
await withStudio(async (studio) => {
  for (const viewport of SIZES) for (const scheme of ['light', 'dark']) await take(studio, viewport, scheme);
});
