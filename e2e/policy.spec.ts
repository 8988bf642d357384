import { expect, type Page, test } from '@playwright/test';
import { chain, npz, numbers } from './models';
import { Studio } from './studio';

/** Every address that page and workers ask for, and everything that the browser's policy refused. */
function watched(page: Page) {
  const requests: string[] = [];
  const refused: string[] = [];
  page.context().on('request', (request) => requests.push(`${request.method()} ${request.url()}`));
  // Of the page and of its workers.
  page.context().on('console', (message) => {
    if (/content security policy|permissions-policy|refused to/i.test(message.text())) refused.push(message.text());
  });
  page.context().on('weberror', (error) => refused.push(String(error.error())));
  return { requests, refused };
}

/** The page's own address, or bytes that it made itself. */
const isOwn = (origin: string) => (request: string) => {
  const url = request.replace(/^GET /, '');
  return url.startsWith(`${origin}/`) || url.startsWith(`blob:${origin}/`) || url.startsWith('data:');
};

test('a whole session asks nobody but its own server, and the policy refuses nothing', async ({ page, baseURL }) => {
  const { requests, refused } = watched(page);
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  const studio = new Studio(page);
  await studio.load();
  await studio.openSample();
  await studio.measured();
  await studio.addStep('Quantisation');
  await studio.compress();
  await page.getByRole('button', { name: 'Best for speed' }).click();
  await page.getByRole('menuitemradio', { name: /^For a small file/ }).click();
  await studio.idle();
  await studio.exported(/^Model of run/);
  await studio.exported(/^Recipe/);

  await studio.drop({ name: 'chain.onnx', bytes: chain() });
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await studio.drop({ name: 'test.npz', bytes: npz({ x: { dims: [40, 64], data: numbers(2560, 5) } }) });
  await studio.measured();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  if ((await compare.getByText('WebGPU', { exact: true }).count()) > 0)
    await compare.getByText('WebGPU', { exact: true }).click();
  await studio.compress();
  await page.getByText('Show as JSON').click();

  await page.getByRole('link', { name: 'Lesson' }).click();
  await expect(page.getByRole('slider').first()).toBeVisible();
  await page.goto('./#/gpu');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('This GPU');

  expect(requests.length).toBeGreaterThan(10);
  expect(requests.some((request) => request.endsWith('.wasm'))).toBe(true);
  expect(requests.filter((request) => !isOwn(new URL(baseURL!).origin)(request))).toEqual([]);
  expect(requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  expect(refused).toEqual([]);
});

test('the policy is in force: what is not the page’s own is refused', async ({ page, baseURL }) => {
  const response = (await page.goto('./'))!;
  const headers = response.headers();
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect(headers['permissions-policy']).toContain('camera=()');
  expect(headers['content-security-policy']).toContain("default-src 'self'");
  expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
  // For hosts that set no headers, the page says it itself.
  const inPage = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  for (const part of inPage!.split('; ')) expect(headers['content-security-policy']).toContain(part);

  const tried = await page.evaluate(async () => {
    // A failed request alone proves nothing: the policy tells of what it refused.
    const told = new Set<string>();
    const bothRefused = new Promise<void>((resolve) => {
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
        if (told.add(effectiveDirective).size === 2) resolve();
      });
    });
    const elsewhere = await fetch('http://127.0.0.2:9/').catch(() => null);
    const own = await fetch('samples/samples.json');
    const script = document.createElement('script');
    script.textContent = 'globalThis.inline = true';
    document.head.append(script);
    await bothRefused;
    return { elsewhere, own: own.ok, inline: 'inline' in globalThis, told: [...told].sort() };
  });
  expect(tried).toEqual({
    elsewhere: null,
    own: true,
    inline: false,
    told: ['connect-src', 'script-src-elem'],
  });
  // Every file of the page has the same headers, the worker's scripts too.
  const script = await page.request.get(new URL('samples/samples.json', baseURL).href);
  expect(script.headers()['content-security-policy']).toBe(headers['content-security-policy']);
});
