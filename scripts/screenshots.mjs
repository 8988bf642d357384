// Takes the screenshots of the README into docs/screenshots: `node scripts/screenshots.mjs`.
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compress, compressButton, openPage, openSample, ready, withStudio } from '../bench/page.mjs';

const folder = join(dirname(import.meta.dirname), 'docs', 'screenshots');
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
];

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
  await shot('open');
  await compress(page);
  await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  await shot('compared');
  await page.goto(`${studio.address}#/lessons/rank`);
  await page.getByRole('slider').first().waitFor();
  await shot('lesson');

  // Before the spectra are measured compressing has all of its work to do, and takes long enough to be seen at it.
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
