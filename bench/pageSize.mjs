// How much JavaScript a visitor downloads before anything is opened, and with what.
import { keep, openPage, withStudio } from './page.mjs';
import { scriptSizes } from './scripts.mjs';

await withStudio(async (studio) => {
  const page = await studio.browser.newPage();
  const sizes = scriptSizes(page);
  await openPage({ ...studio, browser: { newPage: () => page } });
  await page.waitForLoadState('networkidle');
  const scripts = await sizes();
  const gzip = scripts.reduce((total, script) => total + script.gzip, 0);
  keep('pageSize', 'node bench/pageSize.mjs', studio, { gzip, scripts });
});
