import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Vulkan drivers in software that Chrome brings along; for machines without a GPU driver. */
const SOFTWARE_DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

const PROBE = `
  import { create, globals } from 'webgpu';
  Object.assign(globalThis, globals);
  process.exit((await create([]).requestAdapter()) ? 0 : 1);
`;

/**
 * WebGPU in Node, by Dawn; undefined where there is no adapter. A child process looks first: Dawn and the Vulkan loader
 * report what they lack on standard error, in lines of their own, which a command's one clear sentence must not follow.
 */
export async function dawn(): Promise<GPU | undefined> {
  // The Vulkan loader complains on standard error where this is missing.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  if (!hasAdapter(process.env)) {
    const driver = SOFTWARE_DRIVERS.find((path) => existsSync(path));
    if (process.env.VK_ICD_FILENAMES || driver === undefined) return undefined;
    if (!hasAdapter({ ...process.env, VK_ICD_FILENAMES: driver })) return undefined;
    process.env.VK_ICD_FILENAMES = driver;
  }
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  return create([]);
}

function hasAdapter(env: NodeJS.ProcessEnv): boolean {
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', PROBE], {
    cwd: new URL('../..', import.meta.url),
    env,
    stdio: 'ignore',
    timeout: 120_000,
  });
  return status === 0;
}
