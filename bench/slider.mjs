// Slider to picture: from each input event to the frame that shows it, and whether every input had its frame.
import { keep, openPage, openSample, quantile, ready, withStudio } from './page.mjs';

const STEPS = 60;

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
  keep('slider', 'node bench/slider.mjs', studio, {
    inputs: STEPS,
    ms: { median: quantile(latencies, 0.5), p90: quantile(latencies, 0.9), worst: Math.max(...latencies) },
    inputsWithoutEffect: silent,
    differentPictures: seen.size,
    burst: { inputs: 30, positionsMoved: start - end },
  });
});
