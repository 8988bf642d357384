// Finds the browser for tests, benchmarks and screenshots, and the arguments with which it has WebGPU.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright';

const root = dirname(import.meta.dirname);
const probes = join(root, 'node_modules', '.cache', 'carrara', 'adapter.json');

/** The message where there is no browser and none can be installed. */
export const NO_BROWSER =
  'No Chrome or Chromium was found: install one, or set CHROME_PATH to its executable, and run the command again.';

function usualPlaces() {
  const { PATH = '', LOCALAPPDATA, PROGRAMFILES, 'PROGRAMFILES(X86)': programs86 } = process.env;
  if (process.platform === 'darwin') {
    const names = ['Google Chrome', 'Chromium', 'Google Chrome Canary', 'Microsoft Edge'];
    return names.map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (process.platform === 'win32') {
    const products = ['Google\\Chrome', 'Chromium', 'Microsoft\\Edge'];
    const executable = (product) => (product.includes('Edge') ? 'msedge.exe' : 'chrome.exe');
    return [PROGRAMFILES, programs86, LOCALAPPDATA]
      .filter(Boolean)
      .flatMap((folder) => products.map((product) => join(folder, product, 'Application', executable(product))));
  }
  const names = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser', 'microsoft-edge'];
  return PATH.split(delimiter)
    .concat('/usr/bin', '/opt/google/chrome', '/snap/bin')
    .flatMap((folder) => names.map((name) => join(folder, name)));
}

const downloaded = () => {
  try {
    return chromium.executablePath();
  } catch {
    return '';
  }
};

/** Path of an installed browser: CHROME_PATH, the usual places, then Playwright's own; undefined where there is none. */
export function findBrowser() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`CHROME_PATH names ${named}, which does not exist: correct it, or unset it.`);
  }
  return [...usualPlaces(), downloaded()].find((path) => path && existsSync(path));
}

function attempt(command, ...args) {
  console.log(`> ${command} ${args.join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit', cwd: root, env: process.env }).status === 0;
}

/** As `findBrowser`, but installs a browser where there is none. Throws `NO_BROWSER` when that fails too. */
export function getBrowser() {
  const found = findBrowser();
  if (found) return found;

  console.log('No Chrome or Chromium found; downloading the one that Playwright offers.');
  const playwright = join(dirname(fileURLToPath(import.meta.resolve('playwright/package.json'))), 'cli.js');
  // The headless shell has no WebGPU, hence --no-shell.
  if (attempt(process.execPath, playwright, 'install', '--no-shell', 'chromium') && findBrowser()) return findBrowser();

  if (process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.log('The download failed; installing the packages chromium and libvulkan1 of this distribution.');
    if (
      attempt('apt-get', 'update') &&
      attempt('apt-get', 'install', '-y', 'chromium', 'libvulkan1') &&
      findBrowser()
    ) {
      return findBrowser();
    }
  }
  throw new Error(NO_BROWSER);
}

const LINUX = process.platform === 'linux';
const HARDWARE = [
  '--enable-unsafe-webgpu',
  // Headless Chrome on Linux reaches the GPU only through Vulkan, without a window.
  ...(LINUX ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--disable-vulkan-surface'] : []),
];
const SOFTWARE = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader'];

// Device files of GPUs: DRM, NVIDIA's driver, and the Windows Subsystem for Linux.
const mayHaveGpu = () =>
  !LINUX ||
  existsSync('/dev/nvidia0') ||
  existsSync('/dev/dxg') ||
  (existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD')));

async function askForAdapter(browser) {
  const page = await browser.newPage();
  // navigator.gpu exists only in a secure context, which about:blank is not.
  await page.route('**', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  await page.goto('http://localhost/');
  return page.evaluate(async () => {
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter || adapter.info.isFallbackAdapter) return false;
    return adapter.requestDevice().then(
      () => true,
      () => false,
    );
  });
}

/** Whether this browser reaches a hardware WebGPU adapter: asked once per build of the browser, then remembered. */
async function reachesHardware(executablePath) {
  // Without a device file there is nothing to ask for, and a GPU process that finds no driver may hang rather than fail.
  if (!mayHaveGpu()) return false;
  const { mtimeMs } = statSync(executablePath);
  const known = existsSync(probes) ? JSON.parse(readFileSync(probes, 'utf8')) : {};
  if (known.executablePath === executablePath && known.mtimeMs === mtimeMs) return known.hardware;

  const browser = await chromium.launch({ executablePath, args: HARDWARE });
  const patience = setTimeout(() => browser.close(), 20_000);
  const hardware = await askForAdapter(browser).catch(() => false);
  clearTimeout(patience);
  await browser.close();
  mkdirSync(dirname(probes), { recursive: true });
  writeFileSync(probes, JSON.stringify({ executablePath, mtimeMs, hardware }));
  return hardware;
}

/**
 * How Playwright launches the browser at `executablePath`: on the GPU where there is one, else on Chrome's software
 * adapter. `CARRARA_ADAPTER=hardware|software` decides without asking the browser.
 *
 * @returns {Promise<{ executablePath: string, args: string[], software: boolean }>}
 */
export async function launchOptions(executablePath) {
  const wanted = process.env.CARRARA_ADAPTER;
  const software = wanted ? wanted === 'software' : !(await reachesHardware(executablePath));
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return { executablePath, args: [...(software ? SOFTWARE : HARDWARE), ...quiet], software };
}

function browserFolders(executablePath) {
  const folder = dirname(executablePath);
  return [folder, '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/opt/microsoft/msedge'];
}

// The folder of a driver's library, from its manifest. Other libraries of the driver are in the same folder.
function libraryFolder(manifest) {
  const { library_path: library } = JSON.parse(readFileSync(manifest, 'utf8')).ICD;
  return library.includes('/') ? [dirname(resolve(dirname(manifest), library))] : [];
}

/**
 * Environment in which Dawn, the WebGPU of the command line, finds an adapter: the Vulkan driver whose manifest
 * CARRARA_VULKAN names, or, where the machine has no GPU, the software one that comes with the browser. Empty where
 * there is a GPU or nothing was found.
 *
 * @returns {Record<string, string>}
 */
export function dawnEnvironment({ executablePath, software }) {
  const { CARRARA_VULKAN: named, VK_ICD_FILENAMES: given } = process.env;
  if (named && !existsSync(named)) {
    throw new Error(`CARRARA_VULKAN names ${named}, which does not exist: correct it, or unset it.`);
  }
  if (!LINUX || (!named && (!software || given))) return {};
  const folders = browserFolders(executablePath);
  const having = (name) => folders.find((folder) => existsSync(join(folder, name)));
  const bundled = having('vk_swiftshader_icd.json');
  const driver = named ?? (bundled && join(bundled, 'vk_swiftshader_icd.json'));
  if (!driver) return {};
  const installed = spawnSync('ldconfig', ['-p'], { encoding: 'utf8' }).stdout?.includes('libvulkan.so.1');
  const loader = installed ? undefined : having('libvulkan.so.1');
  const libraries = [...(named ? libraryFolder(named) : []), ...(loader ? [loader] : [])];
  return {
    VK_ICD_FILENAMES: driver,
    ...(libraries.length > 0 && {
      LD_LIBRARY_PATH: [...libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter),
    }),
  };
}

// `node scripts/browser.mjs` gets a browser and prints what the tests will use.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const options = await launchOptions(getBrowser());
    console.log(JSON.stringify({ ...options, dawn: dawnEnvironment(options) }, null, 2));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
