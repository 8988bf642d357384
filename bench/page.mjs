// Shared by the benchmarks: serves the production build, drives it in a browser, and writes results to files.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { getBrowser, launchOptions } from '../scripts/browser.mjs';

const root = join(import.meta.dirname, '..');

/** Builds and serves the studio, opens a browser, and passes both to `work`. */
export async function withStudio(work) {
  await build({ root, logLevel: 'error' });
  const server = await preview({ root, logLevel: 'error', preview: { port: 0 } });
  const launch = await launchOptions(getBrowser());
  const browser = await chromium.launch({ executablePath: launch.executablePath, args: launch.args });
  try {
    return await work({ browser, address: server.resolvedUrls.local[0], software: launch.software });
  } finally {
    await browser.close();
    await server.close();
  }
}

const banner = (page) => page.getByRole('banner');

/** A fresh page with the engine started. */
export async function openPage({ browser, address }, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
  await page.goto(address);
  await banner(page)
    .getByRole('button', { name: /^(WebGPU|CPU)/ })
    .waitFor();
  return page;
}

export const layerRows = (page) => page.getByRole('grid', { name: 'Compressible layers' }).getByRole('row');
export const compressButton = (page) => page.getByRole('button', { name: /^Compress \d+ layers?$/ });
const status = (page) => page.getByRole('contentinfo');

/** Opens the first bundled sample, or the one with this name. */
export async function openSample(page, name = '') {
  await page
    .getByRole('button', { name: /Sample · one click/ })
    .filter({ hasText: name })
    .first()
    .click();
  await layerRows(page).first().waitFor();
}

/** Waits until the spectra are measured and no job runs. */
export const ready = (page) => status(page).getByText('Ready').waitFor({ timeout: 300_000 });

/** Compresses the ticked layers. Resolves when the comparison is finished too. */
export async function compress(page) {
  await compressButton(page).click();
  await page.getByRole('button', { name: 'Compare again' }).waitFor({ timeout: 300_000 });
}

/** The p-th quantile (0…1) by linear interpolation. */
export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
}

/** Writes a result to a file, with its command and the machine. */
export function keep(name, command, { software }, result) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 1e9),
    platform: process.platform,
    adapter: software ? 'software (SwiftShader)' : 'hardware',
  };
  const folder = join(root, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(
    { command, version, date: new Date().toISOString().slice(0, 10), machine, result },
    null,
    2,
  );
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
  console.log(text);
}
