#!/usr/bin/env node
// The command line, from its bundle; from the TypeScript sources where no bundle can be built.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cliBundle } from './cliBundle.mjs';

const folder = await cliBundle();
if (folder === undefined) {
  const sources = join(import.meta.dirname, '..', 'src', 'cli');
  const register = pathToFileURL(join(import.meta.dirname, 'register.mjs')).href;
  await import('./register.mjs');
  const { supervise } = await import('../src/cli/supervise.ts');
  supervise(['--import', register, join(sources, 'main.ts')]);
} else {
  const { supervise } = await import(pathToFileURL(join(folder, 'supervise.js')).href);
  // Node 22 and later keep the compiled code beside the bundle.
  supervise([join(folder, 'main.js')], { NODE_COMPILE_CACHE: join(folder, 'compiled') });
}
