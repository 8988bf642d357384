// The heat map of 400 layers by 12 levels and three methods, beside the list of these layers, with a generated report: how
// long it takes to draw all cells, whether map, table and list scroll at the screen's rate, and which tasks of the main
// thread are long while methods change, cells are chosen and reports arrive. A production build of the studio's columns.
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { getBrowser, launchOptions } from '../scripts/browser.mjs';
import { wgsl } from '../scripts/wgsl.mjs';
import { keep, quantile } from './page.mjs';

const [LAYERS, LEVELS] = [400, 12];

const folder = mkdtempSync(join(tmpdir(), 'carrara-heat-map-'));
const common = { root: join(import.meta.dirname, 'heatMap'), configFile: false, logLevel: 'error', base: './' };
await build({
  ...common,
  publicDir: false,
  plugins: [react(), wgsl()],
  worker: { format: 'es', plugins: () => [wgsl()] },
  build: { target: 'es2023', outDir: folder, emptyOutDir: true, chunkSizeWarningLimit: 4096 },
});
const server = await preview({ ...common, build: { outDir: folder }, preview: { port: 0 } });
const launch = await launchOptions(getBrowser());
const browser = await chromium.launch({ executablePath: launch.executablePath, args: launch.args });
const of = (values) => ({ median: quantile(values, 0.5), p90: quantile(values, 0.9), worst: Math.max(...values) });

try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.resolvedUrls.local[0]}?layers=${LAYERS}&levels=${LEVELS}`);
  await page.getByRole('radiogroup', { name: 'Shown in the middle' }).getByText('Sensitivity').click();
  await page.locator('.heat canvas').waitFor();
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longTasks.push(duration);
    }).observe({ type: 'longtask' });
  });
  const redraws = (withNumbers) =>
    page.evaluate((withNumbers) => Array.from({ length: 21 }, () => window.heatMap.redraw(withNumbers)), withNumbers);
  const drawMs = { numbers: of(await redraws(true)), whole: of((await redraws(false)).slice(1)) };
  const idle = await frames(page, undefined);
  const show = (view) => page.getByRole('radiogroup', { name: 'Shown as' }).getByText(view, { exact: true }).click();
  const tasks = {};
  const during = async (name, work) => {
    await page.waitForTimeout(500);
    await page.evaluate(() => (window.longTasks.length = 0));
    const result = await work();
    await page.waitForTimeout(300);
    tasks[name] = await page.evaluate(() => [...window.longTasks]);
    return result;
  };
  const scroll = {
    map: await during('scrolling the map', () => frames(page, '.heat')),
    list: await during('scrolling the list', () => frames(page, '.layers .grid')),
  };
  await show('Table');
  scroll.table = await during('scrolling the table', () => frames(page, '.cells'));
  for (const view of ['Map', 'Whole', 'Table']) {
    await show(view);
    await during(`methods change, ${view}`, async () => {
      for (const line of ['svd', 'quantize', 'prune', 'best', 'svd', 'best']) {
        await page.evaluate((line) => window.heatMap.showLine(line), line);
        await page.waitForTimeout(120);
      }
    });
  }
  await show('Map');
  await during('reports arrive, four a second', async () => {
    for (let i = 0; i < 8; i++) {
      await page.evaluate((factor) => window.heatMap.show(factor), 1 + 0.1 * i);
      await page.waitForTimeout(250);
    }
  });
  await during('choosing by a limit of damage', async () => {
    const slider = page.getByRole('slider', { name: /Choose all cells/ });
    for (let i = 0; i < 6; i++) {
      await slider.press('ArrowLeft');
      await page.waitForTimeout(150);
    }
  });
  keep('heatMap', 'node bench/heatMap.mjs', launch, {
    ...{ layers: LAYERS, levels: LEVELS, drawAllCellsMs: drawMs },
    msBetweenFrames: { withoutScrolling: idle, ...scroll },
    tasksOver50ms: tasks,
    loadAverage: loadavg()[0],
  });
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}

/** Times between 240 frames while a box scrolls by 40 pixels in each; without a box, of the page at rest. */
async function frames(page, selector) {
  const gaps = await page.evaluate(async (selector) => {
    const box = selector && document.querySelector(selector);
    const gaps = [];
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < 240; i++) {
      if (box) box.scrollTop += 40;
      const now = await new Promise(requestAnimationFrame);
      gaps.push(now - last);
      last = now;
    }
    return gaps;
  }, selector);
  return { ...of(gaps), later: gaps.filter((gap) => gap > 1.5 * (1000 / 60)).length };
}
