// Opening a model of a gigabyte: memory above the empty page, and time to the list of layers.
//
//     node bench/open.mjs [FOLDER]
//
// FOLDER holds model.onnx and model.onnx_data; without it, a model is made in a temporary folder and removed again.
//
// Memory is measured in two ways. `pageMB`: performance.measureUserAgentSpecificMemory, which counts the page and its workers,
// JavaScript and DOM, ArrayBuffers and WebAssembly included, after a collection of garbage; bytes that stay in the File
// are in no heap and are not counted. `processMB`: the private memory of the renderer process by the operating system,
// peak included, which would also show bytes that some part of the browser keeps. It is noisier, because it includes
// memory that the allocators have not returned.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keep, layerRows, openPage, withStudio } from './page.mjs';

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'carrara-big-'));

/** Private memory of the largest of these processes, in MB; 0 where the system does not report it. */
function privateMB(pids) {
  if (process.platform !== 'linux') return 0;
  const sizes = pids.map((pid) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]));
  return Math.max(...sizes) / 1000;
}

async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

// Chrome grants the measurement only to isolated pages, and otherwise delays it until it collects garbage anyway.
const memoryOf = (page) =>
  page.evaluate(() => performance.measureUserAgentSpecificMemory().then(({ bytes }) => bytes / 1e6));

async function measure(studio, files) {
  const page = await openPage(studio);
  const emptyPage = await memoryOf(page);
  const processes = await renderers(studio.browser);
  const emptyProcess = privateMB(processes);
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Open a model…' }).click(),
  ]);
  const list = layerRows(page).first().waitFor({ timeout: 120_000 });
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, privateMB(processes));
  }, 20);
  const started = performance.now();
  await chooser.setFiles(files);
  await list;
  const seconds = (performance.now() - started) / 1000;
  clearInterval(sampler);
  const layers = await layerRows(page).count();
  // Measuring the spectra reads weights layer by layer, and is not part of opening.
  const stop = page.getByRole('contentinfo').getByRole('button', { name: 'Cancel' });
  const idle = page.getByRole('contentinfo').getByText(/^(Ready|Measuring spectra is paused)$/);
  await stop.or(idle).first().waitFor();
  if (await stop.isVisible()) await stop.click();
  await idle.waitFor({ timeout: 120_000 });
  const openPageMB = await memoryOf(page);
  await page.close();
  return {
    layers,
    secondsToLayerList: seconds,
    pageMB: { empty: emptyPage, open: openPageMB, above: openPageMB - emptyPage },
    processMB: { empty: emptyProcess, peakWhileOpening: peak, above: peak - emptyProcess },
  };
}

try {
  if (!given) {
    const script = ['--import', './scripts/register.mjs', 'scripts/bigModel.ts', folder, '--gigabytes', '1'];
    execFileSync(process.execPath, script, { stdio: 'inherit' });
  }
  const files = [join(folder, 'model.onnx'), join(folder, 'model.onnx_data')];
  await withStudio(async (studio) => {
    // A small model first: what a page that shows any model takes, onnxruntime included, and one that shows this one.
    const small = await measure(studio, [join('public', 'samples', 'fashion-mnist', 'model.onnx')]);
    const large = await measure(studio, files);
    const modelBytes = files.reduce((total, file) => total + statSync(file).size, 0);
    keep('open', 'node bench/open.mjs', studio, { modelBytes, ...large, forComparison: { sample: small } });
  });
} finally {
  if (!given) rmSync(folder, { recursive: true });
}
