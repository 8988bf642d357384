// `npm start` serves the studio's production build on a local address. It builds it first if it is missing or out of date.
// `npm start -- --no-open` leaves the browser closed; `--port N` asks for a port other than 4173.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, preview } from 'vite';

const root = dirname(import.meta.dirname);
const SOURCES = [
  'index.html',
  'package-lock.json',
  'vite.config.ts',
  'scripts/headers.mjs',
  'scripts/wgsl.mjs',
  'public',
  'shaders',
  'src',
];

// Folders count too: their times change when a file is deleted.
function newest(path) {
  if (!existsSync(path)) return 0;
  const own = statSync(path);
  if (!own.isDirectory()) return own.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), own.mtimeMs);
}

function isBuilt() {
  const page = join(root, 'dist', 'index.html');
  return existsSync(page) && statSync(page).mtimeMs >= Math.max(...SOURCES.map((name) => newest(join(root, name))));
}

const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);

try {
  const { values } = parseArgs({
    options: { open: { type: 'boolean', default: true }, port: { type: 'string', default: '4173' } },
    allowNegative: true,
  });
  if (!/^\d+$/.test(values.port)) throw new Error(`--port takes a number, not “${values.port}”.`);
  if (!isBuilt()) {
    console.log('Building the studio …');
    await build({ root, logLevel: 'warn' });
  }
  const server = await preview({
    root,
    logLevel: 'warn',
    // Takes the next free port where this one is in use.
    preview: { port: Number(values.port), strictPort: false, open: values.open && hasScreen && !process.env.CI },
  });
  console.log(`Carrara is at ${server.resolvedUrls.local[0]} (Ctrl+C stops it).`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
