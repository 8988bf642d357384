// The adapter's ceilings, each kernel as a share of its roofline, and products beside the peers', in a browser: all on
// the same adapter in the same run. Results are kept under the adapter's name.
import { join } from 'node:path';
import { chromium } from 'playwright';
import { createServer } from 'vite';
import { getBrowser, launchOptions } from '../scripts/browser.mjs';
import { wgsl } from '../scripts/wgsl.mjs';
import { keep } from './page.mjs';

const root = join(import.meta.dirname, '..');
const server = await createServer({
  root,
  configFile: false,
  logLevel: 'error',
  // A separate cache: with these packages, the studio's development server would optimise again.
  cacheDir: 'node_modules/.cache/bench',
  plugins: [wgsl()],
  optimizeDeps: {
    entries: ['bench/gpu/index.html'],
    exclude: ['onnxruntime-web'],
    // Packages that are found only during the run would reload the page.
    include: ['@jax-js/jax', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu', 'onnxruntime-common'],
  },
  server: {
    port: 0,
    // A file that changes meanwhile must not reload the page.
    hmr: false,
    watch: null,
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
});
await server.listen();
const launch = await launchOptions(getBrowser());
const browser = await chromium.launch({ executablePath: launch.executablePath, args: launch.args });
try {
  const page = await browser.newPage();
  page.on('console', (message) => ['info', 'error'].includes(message.type()) && console.error(message.text()));
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.resolvedUrls.local[0]}bench/gpu/index.html`);
  await page.waitForFunction(() => 'run' in globalThis, null, { timeout: 120_000 });
  const result = await page.evaluate(() => globalThis.run());
  const file = `gpu-${result.gpu.adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')}`;
  keep(file, 'npm run bench -- gpu', launch, result);
} finally {
  await browser.close();
  await server.close();
}
