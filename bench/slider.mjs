// Slider to picture: from each input event to the frame that shows it, and whether every input had its frame. Then, with
// either backend, slider at rest to times: from the last input event to the frame with the first measured times of the new
// rank, and to the frame with all of them. No task of the main thread may be long meanwhile.
import { loadavg } from 'node:os';
import { keep, openPage, openSample, quantile, ready, withStudio } from './page.mjs';

const STEPS = 60;
const RESTS = 12;

await withStudio(async (studio) => {
  const page = await openPage(studio);
  await openSample(page);
  await ready(page);
  const slider = page.getByRole('slider', { name: /budget$/ });
  const figures = page.getByRole('region', { name: 'Step' });
  await slider.focus();
  await page.keyboard.press('End');

  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longTasks.push(duration);
    }).observe({ type: 'longtask' });
    window.latencies = [];
    // An input's picture is on the screen one frame after React has drawn it: the second animation frame from here
    // begins when the first has been painted.
    window.addEventListener(
      'keydown',
      ({ timeStamp }) => {
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            window.latencies.push(performance.now() - timeStamp);
          }),
        );
      },
      true,
    );
  });
  const seen = new Set();
  let silent = 0;
  for (let step = 0; step < STEPS; step++) {
    const before = await slider.getAttribute('aria-valuenow');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((count) => window.latencies.length >= count, step + 1);
    const after = await slider.getAttribute('aria-valuenow');
    if (after === before) silent += 1;
    seen.add(await figures.getByRole('definition').allTextContents().then(String));
  }
  const latencies = await page.evaluate(() => window.latencies);

  // A burst, faster than frames come: afterwards the slider must stand where all inputs together put it.
  const start = Number(await slider.getAttribute('aria-valuenow'));
  for (let step = 0; step < 30; step++) await page.keyboard.press('ArrowLeft', { delay: 0 });
  const end = Number(await slider.getAttribute('aria-valuenow'));
  const rests = { cpu: await restsOn(page, 'CPU', slider), gpu: await restsOn(page, 'GPU (WebGPU)', slider) };
  keep('slider', 'node bench/slider.mjs', studio, {
    inputs: STEPS,
    ms: { median: quantile(latencies, 0.5), p90: quantile(latencies, 0.9), worst: Math.max(...latencies) },
    inputsWithoutEffect: silent,
    differentPictures: seen.size,
    burst: { inputs: 30, positionsMoved: start - end },
    restToTimes: { rests: RESTS, ...rests },
    tasksOver50ms: await page.evaluate(() => window.longTasks),
    loadAverage: loadavg()[0],
  });
});

/** From the last of three inputs to the first times of the layer's product with the new rank, and to all, drawn. */
async function restsOn(page, backend, slider) {
  await choose(page, `Factorise on the ${backend}`);
  const found = [];
  for (let rest = 0; rest <= RESTS; rest++) {
    // The trial follows the times, and they are measured again with the weights that it made. The page must be idle
    // for longer than it waits before a trial.
    await idle(page);
    await slider.focus();
    await page.evaluate(watchRest);
    for (let step = 0; step < 3; step++) await page.keyboard.press(rest % 2 ? 'ArrowLeft' : 'ArrowRight');
    await page.waitForFunction(() => window.rest.all !== undefined, undefined, { timeout: 60_000 });
    found.push(await page.evaluate(() => window.rest));
  }
  // The first one loads code and compiles kernels.
  const [first, ...others] = found;
  const all = (key) => {
    const values = others.map((rest) => rest[key]);
    return {
      best: Math.min(...values),
      median: quantile(values, 0.5),
      p90: quantile(values, 0.9),
      worst: Math.max(...values),
      within150ms: values.filter((ms) => ms <= 150).length,
    };
  };
  return { opening: first, firstTimes: all('some'), allTimes: all('all') };
}

/** Runs in the page. Sets `window.rest` to the milliseconds from the last input to the first times, and to all. */
function watchRest() {
  const formNow = () => document.querySelector('.times tbody th')?.textContent;
  const before = formNow();
  const rest = { some: undefined, all: undefined };
  window.rest = rest;
  let input;
  let [some, all] = [false, false];
  const listen = ({ timeStamp }) => {
    input = timeStamp;
    rest.some = undefined;
    rest.all = undefined;
    [some, all] = [false, false];
  };
  window.addEventListener('keydown', listen, true);
  // What stands in the page in one animation frame is painted before the next one.
  const look = () => {
    const now = performance.now();
    if (some) rest.some ??= now - input;
    if (all) {
      rest.all ??= now - input;
      window.removeEventListener('keydown', listen, true);
      return;
    }
    const times = document.querySelector('.times');
    const isNew = input !== undefined && times && !('stale' in times.dataset) && formNow() !== before;
    some = isNew && /\d ms/.test(times.textContent);
    all = some && !/…/.test(times.querySelector('tbody').textContent);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function choose(page, name) {
  const chip = page.getByRole('banner').getByRole('button', { name: /^(WebGPU|CPU)/ });
  await chip.click();
  const item = page.getByRole('menuitem', { name });
  await item.waitFor();
  // The backend in use cannot be chosen again.
  if (await item.isEnabled()) await item.click();
  else await page.keyboard.press('Escape');
  await item.waitFor({ state: 'hidden' });
}

/** Waits until the page has been ready for a second. */
async function idle(page) {
  const label = page.getByRole('contentinfo').locator('.status-label');
  for (let since = Date.now(); Date.now() - since < 1000; ) {
    if ((await label.textContent()) !== 'Ready') {
      await ready(page);
      since = Date.now();
    }
    await page.waitForTimeout(50);
  }
}
