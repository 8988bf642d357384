// How long the page does not respond while the engine works: the longest tasks of the main thread while the sample is
// measured, compressed and compared.
import { compress, keep, openPage, openSample, ready, withStudio } from './page.mjs';

await withStudio(async (studio) => {
  const page = await openPage(studio);
  await openSample(page);
  await ready(page);
  // The observer reports tasks over 50 ms. The gaps between timer ticks show how long shorter tasks were.
  await page.evaluate(() => {
    window.longTasks = [];
    window.gaps = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
    }).observe({ type: 'longtask' });
    let last = performance.now();
    const { port1, port2 } = new MessageChannel();
    const tick = () => setTimeout(() => port2.postMessage(null), 1);
    port1.onmessage = () => {
      const now = performance.now();
      window.gaps.push(now - last);
      last = now;
      tick();
    };
    tick();
  });
  const started = await page.evaluate(() => performance.now());
  await compress(page);
  const found = await page.evaluate((from) => {
    return { longTasks: window.longTasks.filter(({ startTime }) => startTime >= from), gaps: window.gaps };
  }, started);
  keep('mainThread', 'node bench/mainThread.mjs', studio, {
    tasksOver50ms: found.longTasks.map(({ duration }) => duration),
    longestGapMs: Math.max(...found.gaps),
    ticks: found.gaps.length,
  });
});
