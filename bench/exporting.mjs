// Compressing and exporting a large model in the page: `npm run bench -- exporting [FOLDER]`. FOLDER holds model.onnx and
// model.onnx_data; without it, an encoder of 110 M weights is made in a temporary folder. All layers are compressed to 4
// bits; the comparison that follows by itself counts as compressing. `peakMB`: private memory of the renderer process, by
// the operating system.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compressButton, keep, layerRows, openPage, withStudio } from './page.mjs';

const given = process.argv[2];
const folder = given ?? mkdtempSync(join(tmpdir(), 'carrara-exporting-'));

function privateMB(pids) {
  const sizes = pids.map((pid) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]));
  return (Math.max(...sizes) * 1024) / 1e6;
}

async function renderers(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

async function open(page, files) {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Open a model…' }).click(),
  ]);
  await chooser.setFiles(files);
  await layerRows(page).first().waitFor({ timeout: 120_000 });
}

const INT4 = { version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 4 } }] };

async function drop(page, name, text) {
  await page.evaluate(
    ([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        const event = { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true };
        document.body.dispatchEvent(new DragEvent(type, event));
      }
    },
    [name, text],
  );
}

/** Stops what runs in the background. */
async function idle(page) {
  const footer = page.getByRole('contentinfo');
  const stop = footer.getByRole('button', { name: 'Cancel' });
  if (await stop.isVisible()) await stop.click();
  await footer.getByText(/^(Ready|Measuring spectra is paused)/).waitFor({ timeout: 300_000 });
}

async function measured(pids, work) {
  let peakMB = 0;
  const sampler = setInterval(() => {
    peakMB = Math.max(peakMB, privateMB(pids));
  }, 20);
  const started = performance.now();
  await work();
  clearInterval(sampler);
  return { seconds: Number(((performance.now() - started) / 1000).toFixed(1)), peakMB: Math.round(peakMB) };
}

try {
  if (!given) {
    const script = ['--import', './scripts/register.mjs', 'scripts/bigModel.ts', folder, '--gigabytes', '0.44'];
    execFileSync(process.execPath, script, { stdio: 'inherit' });
  }
  await withStudio(async (studio) => {
    const page = await openPage(studio);
    const pids = await renderers(studio.browser);
    const empty = Math.round(privateMB(pids));
    await open(page, [join(folder, 'model.onnx'), join(folder, 'model.onnx_data')]);
    await idle(page);
    await drop(page, 'int4.json', JSON.stringify(INT4));
    await page.getByRole('list', { name: 'Steps' }).getByText('Quantisation').first().waitFor();
    await compressButton(page).waitFor();
    const compressing = await measured(pids, async () => {
      await compressButton(page).click();
      await page.getByRole('button', { name: 'Write and verify .onnx' }).waitFor({ timeout: 600_000 });
      await idle(page);
    });
    const exporting = await measured(pids, async () => {
      await page.getByRole('button', { name: 'Write and verify .onnx' }).click();
      await page.getByRole('button', { name: /^Download \.onnx/ }).waitFor({ timeout: 600_000 });
    });
    const said = await page.getByText(/^Read back: /).textContent();
    keep('exporting', 'npm run bench -- exporting', studio, { emptyMB: empty, compressing, exporting, said });
  });
} finally {
  if (!given) rmSync(folder, { recursive: true });
}
