import { expect, type Page, test } from '@playwright/test';
import { chain, endless, slowToOpen, tooLarge } from './models';
import { crash, engineOf, Studio } from './studio';

/** Keeps the engine's worker in an endless loop. */
function keepBusy(page: Page): void {
  const work = () => {
    for (;;);
  };
  engineOf(page)
    .evaluate(work)
    .catch(() => undefined);
}

// Models on which WebAssembly never returns. The worker does not receive the cancel, so it is replaced.

for (const [what, bytes] of [
  ['its session is never made', slowToOpen()],
  ['its run never ends', endless()],
] as const) {
  test(`a model where ${what}: stopped, and open again with its run`, async ({ page }) => {
    const studio = new Studio(page);
    await studio.load();
    await studio.chooseCpu();
    await studio.open('hangs.onnx', bytes);
    await studio.compressButton.click();
    const runs = page.getByRole('region', { name: 'Runs' }).getByRole('listitem');
    await expect(runs).toHaveCount(1);
    await expect(page.getByRole('contentinfo')).toContainText('into onnxruntime');
    await studio.cancelButton.click();
    await expect(page.getByRole('contentinfo')).toContainText('Stopping…');
    await page.getByRole('contentinfo').getByRole('button', { name: 'Stop now' }).click();
    await expect(studio.notices).toContainText('hangs.onnx is open again');
    await studio.idle();
    await expect(studio.modelChip('hangs.onnx')).toBeVisible();
    await expect(studio.rows).toHaveCount(1);
    await expect(runs).toHaveCount(1);
    // The page works with another model as before.
    await studio.drop({ name: 'good.onnx', bytes: chain() });
    await expect(studio.rows).toHaveCount(3);
    await studio.measured();
    await studio.compress();
  });
}

test('without Stop now the engine is replaced after some seconds, and its run is there again', async ({ page }) => {
  await page.clock.install();
  const studio = new Studio(page);
  await page.goto('./');
  await page.clock.runFor(1000);
  await studio.load();
  await studio.chooseCpu();
  const good = chain();
  await studio.open('good.onnx', good);
  await studio.measured();
  await studio.compress();
  const first = await studio.exported(/^Model of run/);
  keepBusy(page);
  await studio.compressButton.click();
  await studio.cancelButton.click();
  await page.clock.runFor(21_000);
  await expect(studio.notices).toContainText('good.onnx is open again');
  await studio.idle();
  const again = await studio.exported(/^Model of run/);
  expect(again.name).toBe(first.name);
  expect(Buffer.compare(again.bytes, first.bytes)).toBe(0);
  // The next run has the next number.
  await studio.compress();
  await expect(page.getByRole('contentinfo').getByRole('status')).toContainText('Run 2');
});

test('an engine that gives no sign for minutes is replaced without being asked', async ({ page }) => {
  await page.clock.install();
  const studio = new Studio(page);
  await page.goto('./');
  await page.clock.runFor(1000);
  await studio.load();
  await studio.open('good.onnx', chain());
  keepBusy(page);
  await studio.compressButton.click();
  await expect(page.getByRole('contentinfo').getByRole('progressbar')).toBeVisible();
  await page.clock.runFor(6 * 60_000);
  await expect(studio.notices).toContainText('gave no sign for 5 minutes');
  await expect(studio.notices).toContainText('good.onnx is open again');
  await expect(studio.rows).toHaveCount(3);
});

test('a worker that dies is replaced, and the model stays open', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('good.onnx', chain());
  await studio.measured();
  crash(page);
  await expect(studio.notices).toContainText(
    /The engine stopped \(.*made up.*\) and was started again\. good\.onnx is open again\./,
  );
  await studio.idle();
  await studio.compress();
});

test('memory that runs out in WebAssembly is said once, and given back', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('large.onnx', tooLarge());
  await studio.compressButton.click();
  await expect(studio.notices).toContainText('to have its memory back. large.onnx is open again.');
  // The error must still be there after the restart: a person needs longer than that to read it.
  await expect(studio.notices.getByRole('alert')).toContainText('there is not enough memory');
  await expect(studio.rows).toHaveCount(1);
  // Other models are compared as before.
  await studio.drop({ name: 'good.onnx', bytes: chain() });
  await expect(studio.rows).toHaveCount(3);
  await studio.measured();
  await studio.compress();
});
