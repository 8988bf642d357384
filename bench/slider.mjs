// Slider to picture: from each input event to the frame that shows it, and whether every input had its frame. Then, with
// either backend, slider at rest to times: from the last input event to the frame with the first measured times.
import { keep, openPage, openSample, quantile, ready, withStudio } from './page.mjs';

const STEPS = 60;
const RESTS = 20;

await withStudio(async (studio) => {
  const page = await openPage(studio);
  await openSample(page);
  await ready(page);
  const slider = page.getByRole('slider', { name: /budget$/ });
  const figures = page.getByRole('region', { name: 'Step' });
  await slider.focus();
  await page.keyboard.press('End');

  await page.evaluate(() => {
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
  const times = { cpu: await restsOn(page, 'CPU', slider), gpu: await restsOn(page, 'GPU (WebGPU)', slider) };
  keep('slider', 'node bench/slider.mjs', studio, {
    inputs: STEPS,
    ms: { median: quantile(latencies, 0.5), p90: quantile(latencies, 0.9), worst: Math.max(...latencies) },
    inputsWithoutEffect: silent,
    differentPictures: seen.size,
    burst: { inputs: 30, positionsMoved: start - end },
    restToTimes: { rests: RESTS, ...times },
  });
});

/** From the last of three inputs to the first times of the layer's product with the new rank, drawn. */
async function restsOn(page, backend, slider) {
  await page
    .getByRole('banner')
    .getByRole('button', { name: /^(WebGPU|CPU)/ })
    .click();
  const item = page.getByRole('menuitem', { name: `Factorise on the ${backend}` });
  if (await item.isEnabled()) await item.click();
  else await page.keyboard.press('Escape');
  await item.waitFor({ state: 'hidden' });
  await ready(page);
  // The menu gives the focus back to its button at its own time.
  await page.waitForTimeout(500);
  await slider.focus();
  await page.evaluate(() => {
    let input = 0;
    let wasStale = false;
    window.rests = [];
    window.addEventListener(
      'keydown',
      ({ timeStamp }) => {
        input = timeStamp;
        wasStale = false;
      },
      true,
    );
    new MutationObserver(() => {
      const times = document.querySelector('.times');
      if (!times || input === 0) return;
      if ('stale' in times.dataset) wasStale = true;
      else if (wasStale) {
        const from = input;
        input = 0;
        requestAnimationFrame(() => requestAnimationFrame(() => window.rests.push(performance.now() - from)));
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-stale'] });
  });
  for (let rest = 0; rest < RESTS; rest++) {
    for (let step = 0; step < 3; step++)
      await page.keyboard.press(rest % 2 ? 'ArrowLeft' : 'ArrowRight', { delay: 10 });
    await page.waitForFunction((count) => window.rests.length > count, rest);
    // The trial follows, and times with the weights that it made.
    await ready(page);
  }
  const [first, ...rests] = await page.evaluate(() => window.rests);
  return { first, median: quantile(rests, 0.5), p90: quantile(rests, 0.9), worst: Math.max(...rests) };
}
