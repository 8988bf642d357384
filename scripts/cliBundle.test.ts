import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cliBundle } from './cliBundle.mjs';

// A bundle finds the packages only from below the root.
mkdirSync('node_modules/.cache/carrara', { recursive: true });
const cache = mkdtempSync(join(process.cwd(), 'node_modules/.cache/carrara/test-'));
afterAll(() => rmSync(cache, { recursive: true }));

const run = (...args: string[]) => spawnSync(process.execPath, args, { encoding: 'utf8' });
const inspect = ['inspect', 'public/samples/moby-lm/model.onnx', '--json'];

it('is built once, and again when a source, a shader or a package is touched', async () => {
  const first = (await cliBundle(cache))!;
  expect(await cliBundle(cache)).toBe(first);
  let current = first;
  for (const path of [
    'src/cli/terminal.ts',
    'src/engine/model/inspect.ts',
    'shaders/lib/tile.wgsl',
    'package.json',
    'package-lock.json',
  ]) {
    const { atime, mtime } = statSync(path);
    // The content stays, and so does the time of its last change; the system notes the call all the same.
    utimesSync(path, atime, mtime);
    // A file that was touched while the bundle was built would be built again at the next call too.
    const next = (await cliBundle(cache))!;
    expect(next, path).not.toBe(current);
    expect(await cliBundle(cache), path).toBe(next);
    current = next;
  }
  // A run that began before may still import from its bundle.
  expect(existsSync(join(first, 'main.js'))).toBe(true);
});

it('says the same as the sources', async () => {
  const bundled = run(join((await cliBundle(cache))!, 'main.js'), ...inspect);
  const sources = run('--import', './scripts/register.mjs', 'src/cli/main.ts', ...inspect);
  expect(bundled.stderr).toBe('');
  expect(bundled.stdout).toBe(sources.stdout);
  expect(JSON.parse(bundled.stdout).parameters).toBe(1_055_860);
});

it('loads neither onnxruntime nor methods to inspect a model', async () => {
  const folder = (await cliBundle(cache))!;
  const loaded = run(
    '--import',
    'data:text/javascript,process.on("exit",()=>process.stderr.write(process.report.getReport().sharedObjects.join()))',
    join(folder, 'main.js'),
    ...inspect,
  );
  expect(loaded.stderr).not.toMatch(/onnxruntime|dawn/);
});

it('is done without where it cannot be written', async () => {
  expect(await cliBundle(join(cache, 'manifest.json', 'folder'))).toBeUndefined();
});
