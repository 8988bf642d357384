// Onnxruntime's threads in the page: how long a run takes on one and on two, and how long the page takes to draw
// meanwhile. A production build, isolated as the studio is; a fresh page for each turn, in turns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { getBrowser, launchOptions } from '../scripts/browser.mjs';
import { wgsl } from '../scripts/wgsl.mjs';
import { keep, quantile } from './page.mjs';

const ROUNDS = 6;
const MS = 2500;

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'carrara-threads-'));
const common = { root: join(root, 'bench/threads'), configFile: false, logLevel: 'error', base: './' };
await build({
  ...common,
  publicDir: join(root, 'public'),
  plugins: [wgsl()],
  worker: { format: 'es', plugins: () => [wgsl()] },
  build: { target: 'es2023', outDir: folder, emptyOutDir: true, chunkSizeWarningLimit: 4096 },
});
const server = await preview({
  ...common,
  build: { outDir: folder },
  preview: {
    port: 0,
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
});
const launch = await launchOptions(getBrowser());
const browser = await chromium.launch({ executablePath: launch.executablePath, args: launch.args });

async function onPage(work) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  try {
    await page.goto(server.resolvedUrls.local[0]);
    await page.waitForFunction(() => 'bench' in globalThis, null, { timeout: 120_000 });
    return await page.evaluate(work.body, work.argument);
  } finally {
    await page.close();
  }
}

const of = (values) => ({ median: quantile(values, 0.5), p90: quantile(values, 0.9), worst: Math.max(...values) });

try {
  const models = await onPage({ body: () => globalThis.bench.models });
  const turns = models.flatMap((name) => [1, 2].map((threads) => ({ name, threads, rounds: [] })));
  const idle = [];
  for (let round = 0; round < ROUNDS; round++) {
    idle.push(...(await onPage({ body: (ms) => globalThis.bench.idle(ms), argument: MS })));
    for (const { name, threads, rounds } of round % 2 === 0 ? turns : [...turns].reverse()) {
      const body = ([name, threads, ms]) => globalThis.bench.run(name, threads, ms);
      rounds.push(await onPage({ body, argument: [name, threads, MS] }));
    }
  }
  const result = models.map((name) => {
    const [one, two] = turns.filter((turn) => turn.name === name).map(({ rounds }) => rounds);
    const median = ({ latencies }) => quantile(latencies, 0.5);
    const report = (rounds) => ({
      runtime: rounds[0].runtime,
      runMs: of(rounds.flatMap(({ latencies }) => latencies)),
      inputToFrameMs: of(rounds.flatMap(({ frames }) => frames)),
    });
    const speedups = one.map((round, i) => median(round) / median(two[i]));
    return { name, one: report(one), two: report(two), speedup: of(speedups), speedups };
  });
  keep('threads', 'npm run bench -- threads', launch, { idle: { inputToFrameMs: of(idle) }, models: result });
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
}
