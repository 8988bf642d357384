import { createServer } from 'node:net';
import { defineConfig } from '@playwright/test';
import { getBrowser, launchOptions } from './scripts/browser.mjs';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

// Each worker process reads this file again, and must come to the same port.
process.env.CARRARA_E2E_PORT ??= String(await freePort());
const port = process.env.CARRARA_E2E_PORT;
const { executablePath, args } = await launchOptions(getBrowser());

/** The app in a real browser, on the production build in `dist`: `npm test -- e2e` builds it first. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'node_modules/.cache/carrara/e2e',
  // Two tests at once on a software adapter would wait for each other.
  workers: 1,
  // Limits bound what hangs, on a machine that has other work too: no test fails for being slow.
  timeout: 600_000,
  expect: { timeout: 120_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  use: {
    baseURL: `http://localhost:${port}/`,
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath, args },
    trace: 'retain-on-failure',
  },
  webServer: {
    command: `node node_modules/vite/bin/vite.js preview --port ${port} --strictPort`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 120_000,
  },
});
