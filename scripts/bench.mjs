// `npm run bench`: every benchmark, one after the other; `npm run bench -- slider open` runs some. Results are kept in
// bench/results.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dawnEnvironment, findBrowser } from './browser.mjs';

const root = dirname(import.meta.dirname);
const HELPERS = ['page.mjs', 'recipes.ts', 'scripts.mjs', 'timing.ts', 'webRuntime.ts'];
const all = readdirSync(join(root, 'bench'))
  .filter((file) => /\.(mjs|ts)$/.test(file) && !HELPERS.includes(file))
  .sort();
const nameOf = (file) => file.replace(/\.\w+$/, '');
const named = process.argv.slice(2);
const unknown = named.filter((name) => !all.some((file) => nameOf(file) === name));
if (unknown.length > 0) {
  console.error(`There is no benchmark called ${unknown.join(', ')}: there are ${all.map(nameOf).join(', ')}.`);
  process.exit(1);
}
// A Vulkan driver that is named has to be in place before Node starts.
const driver = process.env.CARRARA_VULKAN && dawnEnvironment({ executablePath: findBrowser() ?? '', software: true });
const env = { ...process.env, ...driver };
for (const file of all.filter((file) => named.length === 0 || named.includes(nameOf(file)))) {
  // The engine's own sources are TypeScript, and import shaders.
  const loader = file.endsWith('.ts') ? ['--import', './scripts/register.mjs'] : [];
  const { status } = spawnSync(process.execPath, [...loader, join('bench', file)], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  if (status !== 0) process.exitCode = 1;
}
