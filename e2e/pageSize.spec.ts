import { expect, test } from '@playwright/test';
import { scriptSizes } from '../bench/scripts.mjs';
import { Studio } from './studio';

test('the first page is small', async ({ page }) => {
  const sizes = scriptSizes(page);
  const studio = new Studio(page);
  await studio.load();
  await page.waitForLoadState('networkidle');
  const scripts = await sizes();
  expect(scripts.length).toBeGreaterThan(0);
  // The worker's script counts too: what a visitor downloads before opening anything.
  expect(scripts.reduce((total, { gzip }) => total + gzip, 0)).toBeLessThan(300_000);
  // onnxruntime is for those who open a model; charts too.
  expect(scripts.filter(({ name }) => /ort|onnxruntime|recharts|Chart/i.test(name))).toEqual([]);
});

test('the studio is loaded while the model is read', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  const parts = ['Columns', 'ComparePanel'].map((name) => page.waitForRequest(new RegExp(`assets/${name}-.*\\.js`)));
  // What cannot be opened shows that nothing waits until a model is open.
  await studio.drop({ name: 'broken.onnx', bytes: Uint8Array.of(1, 2, 3) });
  await Promise.all(parts);
  await expect(studio.notices.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1, name: /^Carve/ })).toBeVisible();
});

test('the page is isolated, so that threads exist', async ({ page }) => {
  await new Studio(page).load();
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test('nothing leaves the machine', async ({ page, baseURL }) => {
  const strangers: string[] = [];
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== new URL(baseURL!).origin) strangers.push(request.url());
  });
  const uploads: string[] = [];
  page.on('request', (request) => request.method() !== 'GET' && uploads.push(request.url()));
  const studio = new Studio(page);
  await studio.load();
  await studio.openSample();
  await studio.measured();
  await studio.compress();
  expect([...strangers, ...uploads]).toEqual([]);
});
