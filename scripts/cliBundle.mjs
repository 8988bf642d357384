// Builds the command line as one bundle. Without it, hundreds of TypeScript files are found, read and translated at every
// start; the bundle starts in a third of the time. It is built when it is first needed, and again whenever one of its
// source files has changed.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { wgsl } from './wgsl.mjs';

const root = dirname(import.meta.dirname);
const CACHE = join(root, 'node_modules', '.cache', 'carrara', 'cli');

/** Files that change the bundle without being modules of it. */
const ALWAYS = ['package-lock.json', 'scripts/cliBundle.mjs', 'scripts/wgsl.mjs'].map((name) => join(root, name));

/** Old bundles are kept this long, since a run may still import from them. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/**
 * The folder of a bundle that is up to date, built into `cache` first where there is none; it holds `main.js` and
 * `supervise.js`. Undefined where it cannot be built: no development packages, or a folder that cannot be written to.
 */
export async function cliBundle(cache = CACHE) {
  const known = read(cache);
  if (known?.inputs.every(([path, stamp]) => stampOf(path) === stamp)) return join(cache, known.name);
  try {
    return await build(cache);
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND' || error.syscall !== undefined) return undefined;
    throw error;
  }
}

const manifestOf = (cache) => join(cache, 'manifest.json');

function read(cache) {
  try {
    const known = JSON.parse(readFileSync(manifestOf(cache), 'utf8'));
    statSync(join(cache, known.name, 'main.js'));
    return known;
  } catch {
    return undefined;
  }
}

/** A value that changes with a file's content: every write changes its size or one of its times. */
function stampOf(path) {
  const { size, mtimeMs, ctimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

async function build(cache) {
  mkdirSync(cache, { recursive: true });
  sweep(cache);
  const folder = mkdtempSync(join(cache, 'bundle-'));
  // All users of the machine may run it, whoever installed it.
  chmodSync(folder, 0o755);
  const started = Date.now();
  try {
    const files = await bundle(folder);
    const inputs = [...ALWAYS, ...files].map((path) => [path, stampOf(path)]);
    // The bundle may contain the old content of a file that changed meanwhile, so the next start builds it again.
    const changed = [...ALWAYS, ...files].some((path) => statSync(path).ctimeMs >= started);
    const name = folder.slice(cache.length + 1);
    const staged = join(folder, 'manifest.json');
    writeFileSync(staged, JSON.stringify({ name, inputs: changed ? [['', 'changed']] : inputs }));
    renameSync(staged, manifestOf(cache));
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Writes the bundle and returns the files that it was made of. */
async function bundle(folder) {
  // Vite sets this for the whole process. The command that runs next must not inherit it.
  const { NODE_ENV } = process.env;
  const vite = await import('vite');
  const plugin = wgsl();
  const { output } = await vite
    .build({
      root,
      configFile: false,
      publicDir: false,
      logLevel: 'error',
      plugins: [plugin],
      ssr: { noExternal: true, external: ['onnxruntime-node', 'webgpu'] },
      build: {
        ssr: true,
        target: 'node20',
        outDir: folder,
        rolldownOptions: {
          input: { main: join(root, 'src/cli/main.ts'), supervise: join(root, 'src/cli/supervise.ts') },
          output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        },
      },
    })
    .finally(() => {
      if (NODE_ENV === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = NODE_ENV;
    });
  // Modules that the bundler itself adds have no path.
  const modules = output.flatMap(({ moduleIds = [] }) => moduleIds).filter((id) => !id.startsWith('\0'));
  return [...new Set([...modules.map((id) => id.split('?')[0]), ...plugin.files])];
}

/** Removes bundles that no run uses any more, and the files of builds that were killed. */
function sweep(cache) {
  const used = read(cache)?.name;
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (name.startsWith('bundle-') && name !== used && Date.now() - mtimeMs > KEPT_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
