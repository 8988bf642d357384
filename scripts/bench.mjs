// `npm run bench`: every benchmark, one after the other; `npm run bench -- slider open` runs some. Results are kept in
// bench/results.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const HELPERS = ['page', 'scripts'];
const all = readdirSync(join(root, 'bench'))
  .map((file) => /^(.+)\.mjs$/.exec(file)?.[1])
  .filter((name) => name && !HELPERS.includes(name));
const named = process.argv.slice(2);
const unknown = named.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark called ${unknown.join(', ')}: there are ${all.join(', ')}.`);
  process.exit(1);
}
for (const name of named.length > 0 ? named : all) {
  const script = [join('bench', `${name}.mjs`)];
  const { status } = spawnSync(process.execPath, script, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
